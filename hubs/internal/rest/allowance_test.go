package rest

import (
	"fmt"
	"testing"
	"time"
)

func TestParseAllowance(t *testing.T) {
	for text, want := range map[string]allowance{
		"1000/day": {1000, false}, "26000/month": {26000, true}, "off": {}, " 5 / Day ": {5, false}, "OFF": {},
		"1000000000/day": {1_000_000_000, false},
	} {
		if got, err := parseAllowance(text); err != nil || got != want {
			t.Errorf("%q: want %+v, got %+v, %v", text, want, got, err)
		}
	}
	for _, text := range []string{
		"", "1000", "/day", "0/day", "-1/day", "+1/day", "1e3/day", "1000/hour", "1000/days", "1000/day/month", "1000 day",
		"1000000001/day", "99999999999999999999/month", "10,000/day", "on", "１０/day",
	} {
		if got, err := parseAllowance(text); err == nil {
			t.Errorf("%q: want an error, got %+v", text, got)
		}
	}
}

func FuzzParseAllowance(f *testing.F) {
	for _, s := range []string{"1000/day", "26000/month", "off", "0/day", "9999999999/month", " 7 /\tday\n", "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAllowance(text)
		if err != nil {
			if a != (allowance{}) {
				t.Errorf("%q: an error and %+v", text, a)
			}
			return
		}
		if a == (allowance{}) {
			return // off
		}
		again, err := parseAllowance(fmt.Sprintf("%d/%s", a.calls, a.word()))
		if err != nil || again != a || a.calls < 1 || a.polls() < 1 || a.polls() > a.calls {
			t.Errorf("%q: %+v, again %+v, %v", text, a, again, err)
		}
	})
}

func TestPeriods(t *testing.T) {
	east := time.FixedZone("UTC+8", 8*3600)
	for name, c := range map[string]struct {
		monthly bool
		at      time.Time
		period  string
		ends    string
	}{
		"day":                   {false, time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC), "2026-03-29", "2026-03-30"},
		"last second of a year": {false, time.Date(2026, 12, 31, 23, 59, 59, 999, time.UTC), "2026-12-31", "2027-01-01"},
		"midnight":              {false, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), "2026-12-01", "2026-12-02"},
		"UTC counts":            {false, time.Date(2026, 12, 1, 7, 59, 0, 0, east), "2026-11-30", "2026-12-01"},
		"month":                 {true, time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC), "2026-11", "2026-12-01"},
		"December":              {true, time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC), "2026-12", "2027-01-01"},
		"leap February":         {true, time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC), "2028-02", "2028-03-01"},
		"short February":        {true, time.Date(2027, 2, 28, 23, 0, 0, 0, time.UTC), "2027-02", "2027-03-01"},
		"31st":                  {true, time.Date(2027, 1, 31, 1, 0, 0, 0, time.UTC), "2027-01", "2027-02-01"},
		"month in UTC":          {true, time.Date(2028, 3, 1, 7, 0, 0, 0, east), "2028-02", "2028-03-01"},
	} {
		t.Run(name, func(t *testing.T) {
			period, ends := allowance{calls: 1, monthly: c.monthly}.period(c.at)
			if period != c.period || ends.Format(time.RFC3339) != c.ends+"T00:00:00Z" {
				t.Errorf("want %s until %s, got %s until %s", c.period, c.ends, period, ends)
			}
		})
	}
}

func TestShareOfPolls(t *testing.T) {
	for calls, want := range map[int]int{1: 1, 2: 1, 4: 3, 5: 4, 10: 8, 1000: 800, 26000: 20800, mostCalls: mostCalls / 5 * 4} {
		if got := (allowance{calls: calls}).polls(); got != want {
			t.Errorf("of %d: want %d, got %d", calls, want, got)
		}
	}
}
