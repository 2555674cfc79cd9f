package rest

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// allowance is what QUOTA says: so many calls in each day or month, in UTC. The zero
// value is no limit.
type allowance struct {
	calls   int
	monthly bool
}

const mostCalls = 1_000_000_000

var errAllowance = errors.New("QUOTA must be a number of calls per day or month, such as 1000/day or 26000/month, or off")

// parseAllowance reads the setting's text.
func parseAllowance(text string) (allowance, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "off" {
		return allowance{}, nil
	}
	number, period, _ := strings.Cut(text, "/")
	number, period = strings.TrimSpace(number), strings.TrimSpace(period)
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n == 0 || n > mostCalls || period != "day" && period != "month" {
		return allowance{}, errAllowance // the text is not quoted: people mix variables up
	}
	return allowance{calls: int(n), monthly: period == "month"}, nil
}

// polls is the share of the calls that polls may use, one at least; the rest is kept
// for commands.
func (a allowance) polls() int { return max(a.calls/5*4+a.calls%5*4/5, 1) }

// word names the period in a sentence.
func (a allowance) word() string {
	if a.monthly {
		return "month"
	}
	return "day"
}

// length is about how long a period lasts.
func (a allowance) length() time.Duration {
	if a.monthly {
		return 30 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// period is the one that t lies in: its name, and when it ends.
func (a allowance) period(t time.Time) (name string, ends time.Time) {
	t = t.UTC()
	y, m, d := t.Date()
	if a.monthly {
		return t.Format("2006-01"), time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t.Format(time.DateOnly), time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
}
