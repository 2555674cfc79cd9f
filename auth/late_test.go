package auth

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestLateRenewsOnlyWhatIsOver(t *testing.T) {
	const life = 10 * time.Hour
	for _, c := range []struct {
		name   string
		after  time.Duration
		late   bool
		blank  bool // the seed tells nothing of its age
		refuse bool
		grants int
	}{
		{name: "due early", after: 9 * time.Hour, grants: 1},
		{name: "late: not yet over", after: 9*time.Hour + 59*time.Minute, late: true},
		{name: "late: over", after: life + time.Second, late: true, grants: 1},
		{name: "late: refused", after: time.Hour, late: true, refuse: true, grants: 1},
		{name: "of unknown age", blank: true, grants: 1},
		{name: "late: of unknown age", late: true, blank: true},
		{name: "late: of unknown age, refused", late: true, blank: true, refuse: true, grants: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(life)
				seed := v.token()
				if c.blank {
					seed.Issued, seed.Expiry = time.Time{}, time.Time{}
				}
				r := newRig(v, seed)
				r.cfg.Late = c.late
				pass(c.after)
				if c.refuse {
					v.mu.Lock()
					v.access = "another"
					v.mu.Unlock()
				}
				r.mustDo(t)
				r.mustIdle(t)
				if grants, _ := v.count(); grants != c.grants {
					t.Errorf("want %d renewals, got %d", c.grants, grants)
				}
			})
		})
	}
}
