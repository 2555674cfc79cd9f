package tuya

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// skew is what the vendor's clock is ahead of this machine's. A request that is minutes
// off is refused, so the newest answer counts at once: no median of many, which would
// take that many refusals to follow a leap.
type skew struct {
	offset atomic.Int64
	warned atomic.Bool
	log    zerolog.Logger
}

const skewTold = time.Minute // a clock that far off is worth a word

// now is the vendor's time as well as it is known.
func (s *skew) now() time.Time { return time.Now().Add(s.ahead()) }

func (s *skew) ahead() time.Duration { return time.Duration(s.offset.Load()) }

// learn looks at an answer to a call that was sent at sent: the time in the envelope, or
// in the header where the envelope has none. It reports whether the offset is another
// one by as much as matters.
func (s *skew) learn(e envelope, h http.Header, sent time.Time) (leapt bool) {
	const matters = 10 * time.Second
	at := e.at
	if at.IsZero() {
		date, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			return false
		}
		at = date
	}
	// In the middle of a call is when the answer was most likely made.
	off := at.Sub(sent.Round(0).Add(time.Since(sent) / 2))
	before := time.Duration(s.offset.Swap(int64(off)))
	if far := off.Abs() > skewTold; s.warned.Swap(far) != far {
		s.log.Warn().Bool("off", far).Dur("ahead", off).Msg("this machine's clock and Tuya's differ: requests carry Tuya's time")
	}
	return (off - before).Abs() > matters
}
