package tuya

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Tokens are renewed early with the refresh token, whatever is asked meanwhile.
func TestEarlyRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{say: freshTokens(func(int, string) string { return result("1") })}
		r := newRig(t, s, nil)
		for range 24 * 60 {
			if err := r.ask(false); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
		}
		if got := s.count("grant_type=1"); got != 1 {
			t.Errorf("want 1 call for a first token, got %d", got)
		}
		if got := s.count(tokenPath + "/refresh"); got < 15 || got > 18 {
			t.Errorf("a day: want 15 to 18 renewals, at 70 to 80 %% of two hours, got %d", got)
		}
		for n, call := range s.made() {
			if strings.Contains(call, tokenPath+"/refresh") && s.heads[n].Get("access_token") != "" {
				t.Error("a renewal carries the old token")
			}
		}
		_ = r.tokens.Close(t.Context())
	})
}

// Whatever refuses a refresh token, the keys alone get another, once.
func TestRefusedRefresh(t *testing.T) {
	for _, code := range []int{1003, 1010, 1011, 1012, 1400, 1000, 4711} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				given := 0
				s := &script{say: func(_ int, call string) string {
					switch {
					case strings.Contains(call, tokenPath+"/"):
						return failure(code)
					case strings.Contains(call, tokenPath):
						given++
						return tokenNamed(fmt.Sprint(given))
					}
					return result("1")
				}}
				r := newRig(t, s, nil)
				if err := r.ask(false); err != nil {
					t.Fatal(err)
				}
				pass(100 * time.Minute)
				for range 20 {
					if err := r.ask(false); err != nil {
						t.Fatal(err)
					}
				}
				if s.count(tokenPath+"/") != 1 || s.count("grant_type=1") != 2 {
					t.Errorf("want one renewal and one more first token, got %v", s.made())
				}
			})
		})
	}
}

// The cloud in trouble, or an answer that got lost, is no reason to drop a refresh token.
func TestRefreshInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trouble := false
		s := &script{}
		s.say = freshTokens(func(int, string) string { return result("1") })
		good := s.say
		s.say = func(n int, call string) string {
			if trouble && strings.Contains(call, tokenPath) {
				return failure(500)
			}
			return good(n, call)
		}
		r := newRig(t, s, nil)
		if err := r.ask(false); err != nil {
			t.Fatal(err)
		}
		pass(100 * time.Minute)
		trouble = true
		if err := r.ask(false); err != nil {
			t.Errorf("the token is good for 20 minutes more: %v", err)
		}
		pass(10 * time.Second)
		trouble = false
		_ = r.ask(false)
		pass(time.Second)
		if got := s.count("grant_type=1"); got != 1 {
			t.Errorf("want no other first token, got %v", s.made())
		}
	})
}

// A token refused long before its end: its refresh token is dead, too. Reads and
// commands are repeated once.
func TestRefusedToken(t *testing.T) {
	for _, code := range []int{1002, 1010, 1011, 1012, 1400} {
		for name, call := range map[string]request{"read": {name: "x", path: "/v1.0/x"}, "command": {name: "x", path: "/v1.0/x", body: 1}} {
			t.Run(fmt.Sprint(name, code), func(t *testing.T) {
				refused := 0
				s := &script{say: freshTokens(func(int, string) string {
					if refused++; refused == 1 {
						return failure(code)
					}
					return result("7")
				})}
				r := newRig(t, s, nil)
				got, err := r.hub.client.do(t.Context(), call)
				if err != nil || string(got) != "7" {
					t.Fatalf("want 7, got %s, %v", got, err)
				}
				if s.count("/v1.0/x") != 2 || s.count("grant_type=1") != 2 || len(s.made()) != 4 {
					t.Errorf("want the call twice with a first token each, got %v", s.made())
				}
			})
		}
	}
}

// Two programs on one key, for a day: it is said, and tokens are not fetched in a storm.
func TestFight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mine string // the token that the cloud takes
		given := 0
		s := &script{}
		s.say = func(n int, call string) string {
			if strings.Contains(call, tokenPath) {
				given++
				mine = fmt.Sprint("access", given)
				return tokenNamed(fmt.Sprint(given))
			}
			if s.heads[n].Get("access_token") != mine {
				return failure(1010)
			}
			return result("1")
		}
		r := newRig(t, s, nil)
		var told *hubs.Error
		for range 24 * 30 {
			if err := r.ask(false); err != nil {
				if e, ok := errors.AsType[*hubs.Error](err); ok && e.Fault == hubs.Misconfigured {
					told = e
				}
			}
			pass(time.Minute)
			s.mu.Lock()
			mine = "the other program's"
			s.mu.Unlock()
			pass(time.Minute)
		}
		if told == nil || told.Code != "1010" || !strings.Contains(told.Hint, "cloud project of its own") || errors.Is(told, auth.ErrRejected) {
			t.Errorf("want misconfigured with a hint, got %#v", told)
		}
		if given > 60 {
			t.Errorf("a storm: %d tokens in a day", given)
		}
		if got := strings.Count(r.log.String(), "another program uses this Access ID"); got == 0 || got > 30 {
			t.Errorf("want it said when it starts and ends, got %d lines", got)
		}
		t.Logf("%d tokens, %d calls", given, len(s.made()))
	})
}

// One loss, or one at the end of a token's life, is no fight.
func TestNoFight(t *testing.T) {
	f := newFight(newRig(t, &script{}, nil).hub.log)
	tok := auth.Token{Access: "a", Expiry: time.Now().Add(2 * time.Minute)}
	rejected := fmt.Errorf("x: %w", auth.ErrRejected)
	for range 5 {
		f.note(tok, nil)
		f.note(tok, rejected)
	}
	if err := f.explain(rejected, "x"); !errors.Is(err, auth.ErrRejected) {
		t.Errorf("tokens at their end: want the refusal, got %v", err)
	}
	tok.Expiry = time.Now().Add(time.Hour)
	f.note(tok, nil)
	for range 5 {
		f.note(tok, rejected) // never worked in between: no proof
	}
	if err := f.explain(rejected, "x"); !errors.Is(err, auth.ErrRejected) {
		t.Errorf("a token that stays refused: want the refusal, got %v", err)
	}
}

func TestReadToken(t *testing.T) {
	sent := time.UnixMilli(1700000000000)
	for name, c := range map[string]struct {
		in   string
		ok   bool
		life time.Duration
	}{
		"usual":          {`{"access_token":"a1","refresh_token":"r1","expire_time":7200,"uid":"u"}`, true, 2 * time.Hour},
		"other name":     {`{"access_token":"a1","refresh_token":"r1","expire":7200}`, true, 2 * time.Hour},
		"text":           {`{"access_token":"a1","refresh_token":"r1","expire_time":"7200"}`, true, 2 * time.Hour},
		"no life":        {`{"access_token":"a1"}`, true, 0},
		"negative life":  {`{"access_token":"a1","expire_time":-1}`, true, 0},
		"no token":       {`{"refresh_token":"r1"}`, false, 0},
		"empty":          {`{"access_token":""}`, false, 0},
		"null":           {`null`, false, 0},
		"list":           {`[]`, false, 0},
		"blanks in it":   {`{"access_token":"a 1"}`, false, 0},
		"a token object": {`{"access_token":{}}`, false, 0},
	} {
		tok, ok := readToken([]byte(c.in), sent)
		life := time.Duration(0)
		if !tok.Expiry.IsZero() {
			life = tok.Expiry.Sub(sent)
		}
		if ok != c.ok || life != c.life {
			t.Errorf("%s: want %v and a life of %v, got %v and %v", name, c.ok, c.life, ok, life)
		}
	}
}

// Another key or data centre is another account and drops the token; another secret is not.
func TestIdentity(t *testing.T) {
	s := &script{say: freshTokens(func(int, string) string { return result("1") })}
	r := newRig(t, s, nil)
	tokens := func(vars ...string) int {
		for i := 0; i < len(vars); i += 2 {
			r.env.set(vars[i], vars[i+1])
		}
		before := s.count(tokenPath)
		r.open(s)
		if err := r.ask(false); err != nil {
			t.Fatal(err)
		}
		return s.count(tokenPath) - before
	}
	for _, c := range []struct {
		name string
		vars []string
		want int
	}{
		{"at first", nil, 1},
		{"restart", nil, 0},
		{"another secret", []string{"AccessSecret", pubSecret}, 0},
		{"another key", []string{"AccessID", pubID}, 1},
		{"another address", []string{"URL", "http://other.test"}, 1},
	} {
		if got := tokens(c.vars...); got != c.want {
			t.Errorf("%s: want %d token calls, got %d", c.name, c.want, got)
		}
	}
}
