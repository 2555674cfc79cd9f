package auth

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Clock estimates a server's clock from its answers. The zero value and a nil Clock are this machine's clock.
type Clock struct {
	offset atomic.Int64 // what to add to this machine's time
	mu     sync.Mutex
	seen   []time.Duration // the newest differences, oldest first
}

// clockSamples is odd, so that the median is one of them; a few late answers among nine change nothing, and five
// answers after a leap of this machine's clock put things right.
const clockSamples = 9

// Observe learns from one answer: the server said serverTime, and it arrived at this machine's time at.
func (c *Clock) Observe(serverTime, at time.Time) {
	if c == nil || serverTime.IsZero() || at.IsZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) == clockSamples {
		c.seen = c.seen[1:]
	}
	c.seen = append(c.seen, serverTime.Round(0).Sub(at.Round(0)))
	sorted := slices.Sorted(slices.Values(c.seen))
	c.offset.Store(int64(sorted[len(sorted)/2]))
}

// Now returns the server's time as well as it is known.
func (c *Clock) Now() time.Time { return time.Now().Add(c.Offset()) }

// Offset returns what the server's clock is ahead of this machine's.
func (c *Clock) Offset() time.Duration {
	if c == nil {
		return 0
	}
	return time.Duration(c.offset.Load())
}
