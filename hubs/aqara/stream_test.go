package aqara

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// Whatever a Studio leaves out or adds, the stream stays open, says so and brings news.
func TestStreamLives(t *testing.T) {
	for name, o := range map[string]aqaratest.SocketOptions{
		"today":            {},
		"greets":           {Greeting: true},
		"snapshot before":  {Snapshot: aqaratest.SnapshotBefore},
		"snapshot after":   {Snapshot: aqaratest.SnapshotAfter},
		"twice":            {DuplicatePush: true, PushUnchanged: true},
		"no auth":          {NoAuthRequest: true},
		"no ping":          {NoPing: true},
		"no ping, frames":  {NoPing: true, FramePingsIgnored: true},
		"no ping, no more": {NoPing: true, FramePingsIgnored: true, NoQueries: true, NoAuthRequest: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, aqaratest.Options{SocketOptions: o}, func(t *testing.T, r *rig) {
				r.devices()
				w := r.live()
				for range 20 {
					w.mu.Lock()
					before := w.alive
					w.mu.Unlock()
					pass(time.Minute)
					w.mu.Lock()
					if w.alive == before {
						t.Error("a minute without a sign of life")
					}
					w.mu.Unlock()
				}
				if err := r.studio.Set(aqaratest.Switch, 2, "Output", "OnOff", true); err != nil {
					t.Fatal(err)
				}
				w.until("the switch", func() bool { return w.value(aqaratest.Switch, "x2_output", hubs.On) == hubs.Bool(true) })
				if c := r.studio.Counters(); c.SocketsOpened != 1 || c.ByType[typeSubscribeAll] != 1 {
					t.Errorf("%d sockets, %d subscriptions", c.SocketsOpened, c.ByType[typeSubscribeAll])
				}
				checkHome(t, r.devices(), w.heard())
			})
		})
	}
}

// Alive waits for the subscription: the poll that it brings about would miss what
// happens before.
func TestAliveWaitsForSubscription(t *testing.T) {
	bubble(t, aqaratest.Options{SocketOptions: aqaratest.SocketOptions{Greeting: true}}, func(t *testing.T, r *rig) {
		r.studio.Faults().Fail(fault.Fault{Match: typeSubscribeAll, Kind: fault.Slow, Delay: 5 * time.Second})
		w := r.watch()
		pass(4 * time.Second)
		w.mu.Lock()
		early := w.alive
		w.mu.Unlock()
		if early != 0 {
			t.Error("alive before the subscription stands")
		}
		w.until("the stream stands", func() bool { return w.alive > 0 })
	})
}

// A stream that no longer answers is given up within half a minute.
func TestMuteStreamEnds(t *testing.T) {
	for name, o := range map[string]aqaratest.SocketOptions{"ping": {}, "no ping": {NoPing: true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, aqaratest.Options{SocketOptions: o}, func(t *testing.T, r *rig) {
				w := r.live()
				pass(time.Minute)
				r.studio.Mute(true)
				began := time.Now()
				err := w.ends()
				if took := time.Since(began); hubs.FaultOf(err) != hubs.Transient || took > queryEvery+pongLimit {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}

// A Studio that says nothing to a ping, but answers frames and questions, lives; one
// that answers frames alone is dead.
func TestPingWithoutAnswer(t *testing.T) {
	bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
		w := r.live()
		r.studio.Faults().Fail(fault.Fault{Match: typePing, Kind: fault.LostReply, Times: -1})
		pass(10 * time.Minute)
		if n := r.studio.Counters(); n.ByType[typePing] != 1 || n.SocketsOpened != 1 {
			t.Errorf("%d pings, %d sockets", n.ByType[typePing], n.SocketsOpened)
		}
		r.studio.Faults().Fail(fault.Fault{Match: typeAllDevices, Kind: fault.LostReply, Times: -1})
		if err := w.ends(); hubs.FaultOf(err) != hubs.Transient || !strings.Contains(err.Error(), "the Studio no longer answers") {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestStreamBreaks(t *testing.T) {
	for _, code := range []int{0, 1000, 1001, 1008, 1011} {
		bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
			w := r.live()
			pass(time.Minute)
			r.studio.DropSockets(code)
			err := w.ends()
			if hubs.FaultOf(err) != hubs.Transient {
				t.Errorf("code %d: %v", code, err)
			}
			if n := r.studio.Counters().Refreshes; n != 0 {
				t.Errorf("code %d: %d renewals for a token that works", code, n)
			}
			r.noSecrets(err)
			r.live()
		})
	}
}

// A renewed token opens a new stream at once, whether the Studio hangs up or not, and
// an inventory is asked for.
func TestTokenChangesUnderStream(t *testing.T) {
	for _, outlive := range []bool{false, true} {
		bubble(t, aqaratest.Options{
			TokenOptions:  aqaratest.TokenOptions{ExpiresIn: time.Hour},
			SocketOptions: aqaratest.SocketOptions{OutliveToken: outlive},
		}, func(t *testing.T, r *rig) {
			r.devices()
			w := r.live()
			for range 36 { // three hours
				pass(5 * time.Minute)
				if _, err := r.hub.Poll(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			c := r.studio.Counters()
			if c.Refreshes < 3 || c.RefreshesRefused != 0 || c.SocketsOpened != c.Refreshes+1 || c.Sockets != 1 {
				t.Errorf("outlive %v: %+v", outlive, c)
			}
			w.mu.Lock()
			wishes := len(w.wishes)
			w.mu.Unlock()
			if wishes != c.Refreshes {
				t.Errorf("outlive %v: %d wishes for %d renewals", outlive, wishes, c.Refreshes)
			}
			if err := r.studio.Press(aqaratest.Button, 2, "SinglePress"); err != nil {
				t.Fatal(err)
			}
			w.until("the press", func() bool { return len(w.events(aqaratest.Button)) == 1 })
		})
	}
}

// The token dies of age under an open stream: one renewal, one new stream.
func TestTokenDiesUnderStream(t *testing.T) {
	for _, how := range []aqaratest.SocketRefusal{aqaratest.RefuseUpgrade, aqaratest.RefuseClose, aqaratest.RefuseError} {
		bubble(t, aqaratest.Options{SocketOptions: aqaratest.SocketOptions{Refusal: how}}, func(t *testing.T, r *rig) {
			w := r.live()
			r.studio.ExpireAccess()
			w.until("another stream", func() bool { return len(w.wishes) > 0 })
			pass(time.Minute)
			if c := r.studio.Counters(); c.Refreshes != 1 || c.Sockets != 1 || c.SocketsOpened > 3 {
				t.Errorf("%s: %+v", how, c)
			}
		})
	}
}

// Somebody pressed Refresh in the Studio: a human is needed, and says so at once and
// without a storm; a new pair in the settings is enough.
func TestRefreshPressedUnderStream(t *testing.T) {
	for _, how := range []aqaratest.SocketRefusal{aqaratest.RefuseUpgrade, aqaratest.RefuseClose, aqaratest.RefuseError} {
		bubble(t, aqaratest.Options{SocketOptions: aqaratest.SocketOptions{Refusal: how}}, func(t *testing.T, r *rig) {
			w := r.live()
			pair := r.studio.PressRefresh()
			began := time.Now()
			r.wantLogin(w.ends(), "Press Refresh Token")
			if took := time.Since(began); took > time.Minute {
				t.Errorf("%s: told after %v", how, took)
			}
			for range 30 { // the bridge tries again
				r.wantLogin(r.watch().ends(), "ACCESS_TOKEN")
			}
			if c := r.studio.Counters(); c.Refreshes != 1 || c.Calls > 8 {
				t.Errorf("%s: %d renewals, %d calls", how, c.Refreshes, c.Calls)
			}
			r.env.set("AccessToken", "Bearer "+pair.Access)
			r.env.set("RefreshToken", pair.Refresh)
			pass(time.Minute)
			if r.live(); r.studio.Counters().Refreshes != 1 {
				t.Error("the new pair was spent at once")
			}
		})
	}
}

// The WebSocket refuses a token that HTTP takes: nothing is renewed, however often it
// is tried.
func TestStreamAloneRefusesToken(t *testing.T) {
	for name, f := range map[string]fault.Fault{
		"401": {Kind: fault.Status, Status: 401},
		"403": {Kind: fault.Status, Status: 403},
		// Right after the upgrade.
		"1008":    {Kind: fault.Flap, Code: 1008},
		"dropped": {Kind: fault.Flap},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
				f.Match, f.Times = "WebSocket", -1
				r.studio.Faults().Fail(f)
				for range 5 {
					if err := r.watch().ends(); hubs.FaultOf(err) != hubs.Transient {
						t.Errorf("ended with %v", err)
					}
				}
				if c := r.studio.Counters(); c.Refreshes != 0 || c.ByType["WebSocket"] > 10 {
					t.Errorf("%d renewals, %d upgrades", c.Refreshes, c.ByType["WebSocket"])
				}
				r.studio.Faults().Heal()
				r.live()
			})
		})
	}
}

// headless loses the header of upgrades, as a proxy may.
type headless struct{ http.RoundTripper }

func (h headless) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Upgrade") != "" {
		r = r.Clone(r.Context())
		r.Header.Del("Authorization")
	}
	return h.RoundTripper.RoundTrip(r)
}

// Where the header gets lost the token goes along in a message.
func TestTokenInMessage(t *testing.T) {
	lose := func(tr http.RoundTripper) http.RoundTripper { return headless{tr} }
	bubbleWith(t, aqaratest.Options{}, lose, func(t *testing.T, r *rig) {
		w := r.live()
		if n := r.studio.Counters().ByType[typeAuth]; n != 1 {
			t.Errorf("%d messages with the token", n)
		}
		r.studio.DropSockets(0)
		_ = w.ends()
		r.studio.Forget()
		r.live()
		if c := r.studio.Counters(); c.SocketsOpened != 1 || c.Refreshes != 0 {
			t.Errorf("the way was not remembered: %+v", c)
		}
		r.noSecrets(errors.New("none"))
	})
	old := aqaratest.Options{SocketOptions: aqaratest.SocketOptions{NoAuthRequest: true}}
	bubbleWith(t, old, lose, func(t *testing.T, r *rig) {
		if err := r.watch().ends(); hubs.FaultOf(err) != hubs.Transient {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestUpgradeFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault.Fault
		want  hubs.Fault
	}{
		"404":    {fault.Fault{Kind: fault.Status, Status: 404}, hubs.Refused},
		"429":    {fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: "7"}, hubs.Limited},
		"503":    {fault.Fault{Kind: fault.Status, Status: 503, RetryAfter: "7"}, hubs.Transient},
		"html":   {fault.Fault{Kind: fault.HTML}, hubs.Transient},
		"empty":  {fault.Fault{Kind: fault.Empty}, hubs.Transient},
		"reset":  {fault.Fault{Kind: fault.Reset}, hubs.Transient},
		"hang":   {fault.Fault{Kind: fault.Hang}, hubs.Transient},
		"moved":  {fault.Fault{Kind: fault.Status, Status: 302}, hubs.Transient},
		"silent": {fault.Fault{Match: typeSubscribeAll, Kind: fault.Hang}, hubs.Transient},
		"scope":  {fault.Fault{Match: typeSubscribeAll, Kind: aqaratest.FailCode, Code: 403}, hubs.Misconfigured},
		"many":   {fault.Fault{Match: typeSubscribeAll, Kind: aqaratest.FailCode, Code: 429}, hubs.Limited},
		"old":    {fault.Fault{Match: typeSubscribeAll, Kind: aqaratest.FailCode, Code: 1000}, hubs.Refused},
		"broken": {fault.Fault{Match: typeSubscribeAll, Kind: fault.Reset}, hubs.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
				c.fault.Times = -1
				if c.fault.Match == "" {
					c.fault.Match = "WebSocket"
				}
				r.studio.Faults().Fail(c.fault)
				began := time.Now()
				w := r.watch()
				err := w.ends()
				if took := time.Since(began); hubs.FaultOf(err) != c.want || took > dialLimit+subscribeLimit {
					t.Errorf("%s: %v after %v; want %s", hubs.FaultOf(err), err, took, c.want)
				}
				e, _ := errors.AsType[*hubs.Error](err)
				if c.fault.RetryAfter != "" && e.After != 7*time.Second {
					t.Errorf("wants to be left alone for %v", e.After)
				}
				if name == "scope" && !strings.Contains(e.Hint, apiRead) {
					t.Errorf("hint %q", e.Hint)
				}
				if w.alive != 0 {
					t.Error("alive without a stream")
				}
				r.noSecrets(err)
			})
		})
	}
	bubble(t, aqaratest.Options{SocketOptions: aqaratest.SocketOptions{NoSocket: true}}, func(t *testing.T, r *rig) {
		if err := r.watch().ends(); hubs.FaultOf(err) != hubs.Refused {
			t.Errorf("ended with %v", err)
		}
	})
}

// A stream ends with its context, whatever it is doing.
func TestStreamHonoursContext(t *testing.T) {
	for name, f := range map[string]fault.Fault{
		"open":       {Match: "nothing", Kind: fault.Hang},
		"upgrade":    {Match: "WebSocket", Kind: fault.Hang},
		"subscribes": {Match: typeSubscribeAll, Kind: fault.Hang},
	} {
		bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
			r.studio.Faults().Fail(f)
			w := r.watch()
			pass(5 * time.Second)
			began := time.Now()
			w.cancel()
			if err := w.ends(); err == nil || time.Since(began) > 0 {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
		})
	}
}

// Over https the stream is wss, with the hub's own transport and what that trusts, also
// where it would rather speak HTTP/2.
func TestStreamOverTLS(t *testing.T) {
	r := &rig{t: t, studio: aqaratest.New(aqaratest.Options{}), log: &lockedBuffer{}}
	srv := httptest.NewUnstartedServer(r.studio.Handler())
	srv.EnableHTTP2 = true
	srv.StartTLS()
	tr, _ := srv.Client().Transport.(*http.Transport)
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	pair := r.studio.Tokens()
	r.env = &env{vars: map[string]string{"URL": srv.URL, "AccessToken": pair.Access, "RefreshToken": pair.Refresh}}
	r.open(tr)
	r.devices()
	w := r.live()
	if err := r.studio.Set(aqaratest.Switch, 2, "Output", "OnOff", true); err != nil {
		t.Fatal(err)
	}
	w.until("the switch", func() bool { return w.value(aqaratest.Switch, "x2_output", hubs.On) == hubs.Bool(true) })

	stranger := &http.Transport{}
	t.Cleanup(stranger.CloseIdleConnections)
	r.open(stranger)
	if err := r.watch().ends(); hubs.FaultOf(err) != hubs.Transient || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that is not trusted: %v", err)
	}
}
