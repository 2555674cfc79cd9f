package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// tokenToy is a toy hub whose token a human has to give.
type tokenToy struct {
	*toy
	tokens *auth.Manager
	good   auth.Secret
}

func newTokenToy(store auth.KV) *tokenToy {
	f := &tokenToy{toy: newToy(), good: "first"}
	f.tokens = auth.NewManager(auth.Config{
		Account: "toy", Store: store, Seed: func() (auth.Token, error) { return auth.Token{Access: "first"}, nil },
	})
	f.devices = func(ctx context.Context) (list []hubs.Device, err error) {
		err = f.tokens.Do(ctx, func(_ context.Context, t auth.Token) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if t.Access != f.good {
				return auth.ErrRejected
			}
			return nil
		})
		return f.list(), err
	}
	return f
}

func (f *tokenToy) config() HubConfig {
	return HubConfig{
		Name: "toy", Hub: f, Tokens: func() []auth.State { return []auth.State{f.tokens.State()} }, LookForLogin: f.tokens.Look,
	}
}

func TestLoginNeededIsAProblemEntityThatLinksToThePage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newTokenToy(auth.NewMemStore())
		s := startHouse(t, auth.NewMemStore(), f.config())
		pass(time.Second)
		var config struct {
			Components map[string]map[string]any `json:"components"`
		}
		raw := s.board.at("homeassistant/device/b_toy_hub/config")
		if err := json.Unmarshal([]byte(raw), &config); err != nil {
			t.Fatal(err)
		}
		entity := config.Components["login_needed"]
		if entity["device_class"] != "problem" || entity["platform"] != "binary_sensor" || entity["enabled_by_default"] == false {
			t.Errorf("want a problem that everybody sees, got %v in %s", entity, raw)
		}
		s.lint(t)
		link := discovery.Layout{Base: "b", Hub: "toy", PublicURL: "https://h.example/x/"}.PageURL(discovery.HubID)
		if link != "https://h.example/x/#/toy/hub" {
			t.Errorf("the device links to %s", link)
		}
		if got := s.member("b/toy/hub", "login_needed"); got != "OFF" {
			t.Errorf("all is well: want OFF, got %v", got)
		}
		f.set(func(*toy) { f.good = "second" })
		pass(2 * time.Minute)
		if got := s.member("b/toy/hub", "login_needed"); got != "ON" {
			t.Errorf("refused: want ON, got %v", got)
		}
		if v := s.Hubs()[0]; v.State != LoginNeeded || !v.LoginNeeded || v.Error == "" || v.Hint == "" || v.Since.IsZero() || v.NextTry.IsZero() {
			t.Errorf("the page's view: %+v", v)
		}
		if err := f.tokens.Login(t.Context(), auth.Token{Access: "second"}); err != nil {
			t.Fatal(err)
		}
		s.LoggedIn("toy")
		s.LoggedIn("nobody")
		pass(time.Second)
		if got := s.member("b/toy/hub", "login_needed"); got != "OFF" || s.Hubs()[0].State != OK {
			t.Errorf("logged in: want OFF, got %v", got)
		}
	})
}

// TestALoginIsNoticedWithinSeconds wherever it happens, and however soon.
func TestALoginIsNoticedWithinSeconds(t *testing.T) {
	for name, c := range map[string]struct {
		elsewhere bool
		after     time.Duration
	}{
		"here": {false, 30 * time.Minute}, "in another process": {true, 30 * time.Minute},
		"here, at once": {false, 10 * time.Millisecond}, "in another process, at once": {true, 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				store := auth.NewMemStore()
				f := newTokenToy(store)
				f.good = "second"
				s := startHouse(t, auth.NewMemStore(), f.config())
				pass(time.Millisecond)
				asked := f.listed()
				pass(c.after)
				if n := f.listed() - asked; n > 31 {
					t.Errorf("looking costs rounds: %d in %s", n, c.after)
				}
				who := f.tokens
				if c.elsewhere {
					who = newTokenToy(store).tokens
				}
				if err := who.Login(t.Context(), auth.Token{Access: "second"}); err != nil {
					t.Fatal(err)
				}
				pass(3 * time.Second)
				if got := s.Hubs()[0].State; got != OK {
					t.Errorf("want ok within 3 s, got %s", got)
				}
				asked = f.listed()
				pass(50 * time.Second)
				if f.listed() != asked {
					t.Error("the hub is asked again and again")
				}
			})
		})
	}
}

// TestNoLoginComesOfALookAlone: a hub that says so itself is asked at its own pace.
func TestNoLoginComesOfALookAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) { return nil, auth.ErrLogin }
		startHouse(t, auth.NewMemStore(), HubConfig{
			Name: "toy", Hub: f, Tokens: func() []auth.State { return []auth.State{{}} }, LookForLogin: func(context.Context) bool { return true },
		})
		pass(10 * time.Minute)
		if n := f.listed(); n > 11 {
			t.Errorf("want it once a minute, got %d in ten", n)
		}
	})
}

// hooked is a hub that its vendor calls.
type hooked struct{ *toy }

func (hooked) ServeWebhook(to hubs.Sink) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "signed" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		to.Readings([]hubs.Reading{{Device: "p1", Values: []hubs.PointValue{
			{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(true)},
		}}})
	})
}

func TestWebhookBringsNews(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(),
			HubConfig{Name: "toy", Hub: hooked{newToy()}, Push: true}, HubConfig{Name: "deaf", Hub: hooked{newToy()}},
			HubConfig{Name: "plain", Hub: newToy(), Push: true})
		for _, name := range []string{"deaf", "plain", "nobody"} {
			if s.Webhook(name) != nil {
				t.Errorf("%s: want no webhook", name)
			}
		}
		pass(time.Second)
		post := func(body string) int {
			w := httptest.NewRecorder()
			s.Webhook("toy").ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/webhook/toy", strings.NewReader(body)))
			return w.Code
		}
		if code := post("forged"); code != http.StatusForbidden || s.member("b/toy/p1", "plug") != "OFF" {
			t.Errorf("forged: got %d, %s", code, s.board.at("b/toy/p1"))
		}
		if code := post("signed"); code != http.StatusOK || s.member("b/toy/p1", "plug") != "ON" {
			t.Errorf("signed: got %d, %s", code, s.board.at("b/toy/p1"))
		}
	})
}

func TestViewOfTrouble(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) {
			return nil, &hubs.Error{Fault: hubs.Limited, Code: "429", Hint: "wait", After: time.Hour, Err: errors.New("too fast")}
		}
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f})
		pass(time.Second)
		v := s.Hubs()[0]
		if v.State != Limited || v.Code != "429" || v.Hint != "wait" || v.LoginNeeded || time.Until(v.NextTry) < 50*time.Minute {
			t.Errorf("got %+v", v)
		}
	})
}
