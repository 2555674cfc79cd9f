package tuya

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	fightWithin = time.Hour
	fightFrom   = 3               // refusals within that time
	fightEarly  = 5 * time.Minute // a token so close to its end may have ended
)

// fight notices another program on the same Access ID: tokens that worked are refused
// long before their end, again and again. How often a new one is fetched then is the
// token manager's to hold down; this says what the matter is.
type fight struct {
	log zerolog.Logger

	mu      sync.Mutex
	worked  auth.Secret // the newest token that a call went well with
	losses  []time.Time
	ongoing bool
}

func newFight(log zerolog.Logger) *fight { return &fight{log: log} }

// note looks at how a call with t ended.
func (f *fight) note(t auth.Token, err error) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err == nil:
		f.worked = t.Access
	case errors.Is(err, auth.ErrRejected) && f.worked != "" && f.worked.Equal(t.Access):
		f.worked = ""
		if t.Expiry.IsZero() || t.Expiry.Sub(now) > fightEarly {
			f.losses = append(f.losses, now)
		}
	}
	f.losses = slices.DeleteFunc(f.losses, func(at time.Time) bool { return now.Sub(at) > fightWithin })
	if on := len(f.losses) >= fightFrom; on != f.ongoing && (on || len(f.losses) == 0) {
		f.ongoing = on
		f.log.Warn().Bool("fighting", on).Msg("another program uses this Access ID: each ends the other's token")
	}
}

// explain makes of a refused token what it is while there is a fight.
func (f *fight) explain(err error, call string) error {
	if err == nil || !errors.Is(err, auth.ErrRejected) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ongoing {
		return err
	}
	return &hubs.Error{
		Fault: hubs.Misconfigured, Code: "1010", Hint: sharedHint, After: configWait,
		Err: fmt.Errorf("tuya: %s: another program ended the token %d times in the last hour", call, len(f.losses)),
	}
}
