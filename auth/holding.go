package auth

import (
	"hash/fnv"
	"math"
	"time"
)

const (
	earlyPatience = 2 * time.Second  // a caller whose token still works waits no longer for a renewal
	lookEvery     = time.Minute      // how often settings and store are read while login is needed
	trialEvery    = 5 * time.Minute  // how often a refused token that cannot be renewed is tried
	rejectedRetry = 15 * time.Second // the least wait after a failed renewal once the server was heard
	lastCall      = time.Minute      // renewed no later than this before the end,
	longLife      = 10 * time.Minute // if it lives longer than this
	clockLeap     = 10 * time.Minute // issued this far in the future: a clock leapt
	rejectMemory  = 2 * time.Hour    // more than the ladder's last wait
	maxRounds     = 4
	never         = math.MaxInt64
)

// retryLadder is how long to wait after one, two, … failed renewals in a row.
func retryLadder() []time.Duration {
	return []time.Duration{
		time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	}
}

// saveLadder is how long to wait after failed saves. It is short: an unsaved token dies with the process.
func saveLadder() []time.Duration {
	return []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}
}

// rejectLadder is how long a token granted because of a refusal is kept although it is refused too.
func rejectLadder() []time.Duration {
	return []time.Duration{0, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
}

// ladderWait returns the n-th wait, the last one for ever after.
func ladderWait(ladder []time.Duration, n int) time.Duration {
	return ladder[min(max(n, 0), len(ladder)-1)]
}

// holding is one token with what is known about it. It never changes once made.
type holding struct {
	tok     Token
	seed    string // hash of the seed it descends from
	rev     uint64 // the record to replace
	saved   bool   // the store holds it
	isSeed  bool   // straight from the settings, so its age is unknown
	expires time.Time

	// Instants in wall nanoseconds: not before from, a renewal due at renewAt, useless at endAt. by tells whose clock.
	from, renewAt, endAt int64
	serverTime           bool
}

func (h *holding) nanos(now time.Time, c *Clock) int64 {
	if h.serverTime {
		return now.UnixNano() + int64(c.Offset())
	}
	return now.UnixNano()
}

func (h *holding) fresh(now time.Time, c *Clock) bool {
	n := h.nanos(now, c)
	return h.from <= n && n < h.renewAt
}

func (h *holding) due(now time.Time, c *Clock) bool { return !h.fresh(now, c) }

// usable tells whether a server is likely to take h. m.mu is held.
func (m *Manager) usable(h *holding) bool {
	return h != nil && h.tok.Access != "" && !h.tok.Access.Equal(m.bad) && h.nanos(m.now(), m.cfg.Clock) < h.endAt
}

// holding plans when tok is to be renewed. rest carries seed, rev, saved and isSeed.
func (m *Manager) holding(tok Token, rest holding) *holding {
	h := rest
	h.tok = tok
	h.from, h.renewAt, h.endAt, h.serverTime = math.MinInt64, never, never, false
	issued, end, byServer, byJWT := lifeOf(tok)
	h.expires = end
	switch {
	case end.IsZero() && h.isSeed && tok.Refresh != "" && !m.cfg.Late:
		// Nobody knows its age, and a vendor may want a living access token for the renewal: renew it at first use.
		h.renewAt = math.MinInt64
		return &h
	case end.IsZero(), byJWT && tok.Refresh == "":
		// Where nothing can be renewed, nothing is gained by believing a clock: it is used until it is refused.
		return &h
	}
	h.serverTime = byServer
	if issued.IsZero() {
		issued = time.Unix(0, h.nanos(m.now(), m.cfg.Clock))
	} else {
		h.from = issued.Add(-clockLeap).UnixNano()
	}
	h.endAt = end.UnixNano()
	h.renewAt = h.endAt
	if !m.cfg.Late {
		h.renewAt = renewal(tok, issued, end).UnixNano()
	}
	return &h
}

// lifeOf finds issue and end of a token, from itself if need be.
func lifeOf(tok Token) (issued, end time.Time, byServer, byJWT bool) {
	if !tok.Expiry.IsZero() {
		return tok.Issued, tok.Expiry, false, false
	}
	iat, exp := jwtTimes(tok.Access)
	if exp.IsZero() {
		return tok.Issued, exp, false, false
	}
	if !tok.Issued.IsZero() && !iat.IsZero() {
		// We saw it being issued: its length counts, and no two clocks need to agree.
		return tok.Issued, tok.Issued.Add(exp.Sub(iat)), false, true
	}
	return iat, exp, true, true
}

// renewal is at 70 to 80 % of the life. The token itself decides where in between: the same for every process and every
// call, different for different accounts.
func renewal(tok Token, issued, end time.Time) time.Time {
	life := end.Sub(issued)
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(tok.Access))
	share := 0.70 + float64(sum.Sum32()%1001)/10_000
	at := issued.Add(time.Duration(float64(life) * share))
	if last := end.Add(-lastCall); life > longLife && at.After(last) {
		return last
	}
	return at
}

// normal repairs what vendors and clocks get wrong in a token granted at now.
func normal(tok Token, now time.Time) Token {
	now = now.Round(0)
	if off := now.Sub(tok.Issued); tok.Issued.IsZero() || off.Abs() > clockLeap {
		// Issued by another clock than ours: only the length of the life means anything here.
		if !tok.Issued.IsZero() && !tok.Expiry.IsZero() {
			tok.Expiry = now.Add(tok.Expiry.Sub(tok.Issued))
		}
		tok.Issued = now
	}
	if !tok.Expiry.After(now) {
		// Over on arrival is nonsense; believing it would renew for ever. The server will refuse it when it is over.
		tok.Expiry = time.Time{}
	}
	tok.Issued, tok.Expiry = tok.Issued.Round(0), tok.Expiry.Round(0)
	return tok
}
