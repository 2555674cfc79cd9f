package tuyatest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func (b *bench) refreshWith(token string) reply {
	b.t.Helper()
	return b.must(b.request("GET", "/v1.0/token/"+token, "", ""))
}

// alive says whether an access token still works.
func (b *bench) alive(token string) bool {
	b.t.Helper()
	r := b.must(b.request("GET", "/v1.0/devices/"+Plug, "", token))
	if !r.Success && r.code() != codeToken {
		b.t.Errorf("want 1010 for a dead token, got %s", r.body)
	}
	return r.Success
}

func TestTokenLife(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		first := b.login()
		if len(first.Access) != 32 || len(first.Refresh) != 32 || first.Expire != 7200 || first.UID == DefaultUID || first.UID == "" {
			t.Errorf("want 32 digits twice, 7200 s and the developer's uid, got %+v", first)
		}
		pass(2*time.Hour - time.Second)
		if !b.alive(first.Access) {
			t.Error("want the token to live a second before its end")
		}
		pass(2 * time.Second)
		if b.alive(first.Access) {
			t.Error("want the token dead after two hours")
		}
		pass(30 * 24 * time.Hour) // refresh tokens never age
		var second tokens
		b.refreshWith(first.Refresh).into(t, &second)
		if second.Access == first.Access || second.Refresh == first.Refresh || !b.alive(second.Access) {
			t.Errorf("want a fresh pair that works, got %+v after %+v", second, first)
		}
		var third tokens
		b.refreshWith(second.Refresh).into(t, &third)
		if b.alive(second.Access) {
			t.Error("want the access token dead once its pair was refreshed")
		}
		for _, used := range []string{first.Refresh, second.Refresh, "ffff"} {
			if r := b.refreshWith(used); r.code() != codeGrant {
				t.Errorf("refresh token %s: want 1003, got %s", used, r.body)
			}
		}
		if !b.alive(third.Access) {
			t.Error("want a refused refresh to harm nobody")
		}
		if n := b.Counters(); n.Refreshes != 5 || n.RefreshesRefused != 3 || n.Grants != 1 {
			t.Errorf("want 5 refreshes, 3 refused, 1 grant, got %+v", n)
		}
	})
}

// What a second grant_type=1 does to the first pair.
func TestSecondGrant(t *testing.T) {
	for grant, want := range map[Grant]struct{ firstLives, same bool }{
		GrantReplaces: {false, false}, GrantAdds: {true, false}, GrantShares: {true, true},
	} {
		bubble(t, Options{TokenOptions: TokenOptions{Grant: grant}}, func(t *testing.T, b *bench) {
			first := b.login()
			pass(time.Hour)
			second := b.login()
			if lives := b.alive(first.Access); lives != want.firstLives || (first.Access == second.Access) != want.same || !b.alive(second.Access) {
				t.Errorf("%q: want the first to live: %v, the same: %v; got %v, %v", grant, want.firstLives, want.same, lives, first.Access == second.Access)
			}
			if left := map[bool]int{true: 3600, false: 7200}[want.same]; second.Expire != left {
				t.Errorf("%q: want %d s left, got %d", grant, left, second.Expire)
			}
		})
	}
}

// Two programs on one access ID throw each other out.
func TestFight(t *testing.T) {
	b := newBench(t, Options{})
	one := b.login().Access
	for range 3 {
		two := b.login().Access
		if b.alive(one) || !b.alive(two) {
			t.Fatal("want the newer token to have killed the older")
		}
		one = b.login().Access
		if b.alive(two) || !b.alive(one) {
			t.Fatal("want the newer token to have killed the older")
		}
	}
}

func TestTokenOptions(t *testing.T) {
	o := Options{TokenOptions: TokenOptions{
		ExpiresIn: time.Minute, ExpireKey: "expire", ExpiredCode: 1012, InvalidCode: 1400, RefreshCode: 1010,
	}}
	bubble(t, o, func(t *testing.T, b *bench) {
		r := b.must(b.request("GET", "/v1.0/token?grant_type=1", "", ""))
		var got map[string]any
		r.into(t, &got)
		if got["expire"] != 60.0 || got["expire_time"] != nil {
			t.Errorf("want expire 60 and no expire_time, got %v", got)
		}
		b.token, _ = got["access_token"].(string)
		b.wants(0, "GET", "/v1.0/devices/"+Plug, "")
		pass(time.Minute)
		b.wants(1012, "GET", "/v1.0/devices/"+Plug, "")
		b.token = "x"
		b.wants(1400, "GET", "/v1.0/devices/"+Plug, "")
		if r := b.refreshWith("x"); r.code() != 1010 {
			t.Errorf("want 1010, got %s", r.body)
		}
	})
}

func TestGrantTypes(t *testing.T) {
	b := newBench(t, Options{})
	for _, query := range []string{"", "?grant_type=2", "?grant_type=", "?grant_type=01"} {
		if r := b.must(b.request("GET", "/v1.0/token"+query, "", "")); r.code() != codeGrant || *r.Msg != "grant type invalid" {
			t.Errorf("%s: want 1003, got %s", query, r.body)
		}
	}
}

func TestExpireAndRevoke(t *testing.T) {
	b := newBench(t, Options{})
	first := b.login()
	b.ExpireAccess("")
	if b.alive(first.Access) {
		t.Error("want the access token expired")
	}
	var second tokens
	b.refreshWith(first.Refresh).into(t, &second)
	b.Revoke(AccessID)
	if b.alive(second.Access) || b.refreshWith(second.Refresh).Success || len(b.Pairs()) != 0 {
		t.Error("want both tokens revoked")
	}
}

// The envelope of success and failure, key by key.
func TestEnvelope(t *testing.T) {
	keys := func(raw string) []string {
		var m map[string]any
		if err := json.Unmarshal([]byte(raw), &m); err != nil {
			t.Fatal(err)
		}
		return slices.Sorted(maps.Keys(m))
	}
	for name, c := range map[string]struct {
		o          AnswerOptions
		good, part string
		bad        string
	}{
		"usual": {AnswerOptions{}, "code msg result success t tid", `"code":null,"msg":null`, "code msg success t tid"},
		"absent": {
			AnswerOptions{Success: SuccessAbsent, NoTrace: true}, "result success t", `"success":true`, "code msg success t",
		},
		"zero":    {AnswerOptions{Success: SuccessZero, NoTime: true}, "code msg result success tid", `"code":0,"msg":""`, "code msg success tid"},
		"strange": {AnswerOptions{UnknownKeys: true}, "code msg result success t tid traceInfo", `"success":true`, "code msg success t tid traceInfo"},
	} {
		b := newBench(t, Options{AnswerOptions: c.o})
		r := b.must(b.request("GET", "/v1.0/token?grant_type=1", "", ""))
		if got := strings.Join(keys(r.body), " "); got != c.good || !strings.Contains(r.body, c.part) {
			t.Errorf("%s: want %s with %s, got %s", name, c.good, c.part, r.body)
		}
		r = b.must(b.request("GET", "/v1.0/token?grant_type=9", "", ""))
		if got := strings.Join(keys(r.body), " "); got != c.bad {
			t.Errorf("%s: want %s, got %s", name, c.bad, r.body)
		}
	}
}

// A wrong clock of the data centre: calls by the right time are refused, and the answer
// tells which time it is there.
func TestWrongClock(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		bubble(t, Options{ClockOffset: off}, func(t *testing.T, b *bench) {
			r := b.must(b.request("GET", "/v1.0/token?grant_type=1", "", ""))
			told := time.Until(time.UnixMilli(r.T))
			if r.code() != codeTime || told != off {
				t.Fatalf("want 1013 and an offset of %s, got %s %s", off, told, r.body)
			}
			b.offset = told
			token := b.login()
			if token.Expire != 7200 || !b.alive(token.Access) {
				t.Errorf("want a token with its whole life, got %+v", token)
			}
			b.Faults().SetClock(0)
			b.offset = 0
			pass(2*time.Hour - time.Second)
			if !b.alive(token.Access) {
				t.Error("want the token to live its true time")
			}
		})
	}
}

func TestElsewhere(t *testing.T) {
	for elsewhere, want := range map[Elsewhere]struct{ token, list int }{
		ElsewhereClient: {1005, 1005}, ElsewhereSign: {1004, 1004}, ElsewhereSkill: {2406, 2406},
		ElsewherePermitted: {0, 1106}, ElsewhereEmpty: {0, 0},
	} {
		b := newBench(t, Options{Projects: []Project{{AccessID: AccessID, AccessSecret: AccessSecret, Elsewhere: elsewhere}}})
		r := b.must(b.request("GET", "/v1.0/token?grant_type=1", "", ""))
		if r.code() != want.token {
			t.Errorf("%s: want %d for a token, got %s", elsewhere, want.token, r.body)
		}
		if want.token == 0 {
			b.wants(want.list, "GET", "/v1.0/iot-01/associated-users/devices?size=50", "")
		}
		if elsewhere == ElsewhereEmpty {
			var got struct {
				Devices []any `json:"devices"`
				Total   int   `json:"total"`
			}
			b.get("/v1.0/iot-01/associated-users/devices", &got)
			if len(got.Devices) != 0 || got.Total != 0 {
				t.Errorf("want an empty list, got %+v", got)
			}
		}
	}
}

// Two apps, two access IDs: their tokens and quotas do not touch each other.
func TestTwoProjects(t *testing.T) {
	const otherID, otherSecret = "q8other4hub2mqtt7sim", "00112233445566778899aabbccddeeff"
	b := newBench(t, Options{Projects: []Project{
		{AccessID: AccessID, AccessSecret: AccessSecret},
		{AccessID: otherID, AccessSecret: otherSecret, Linked: []string{GuestUID}},
	}})
	first := b.login()
	other := *b
	other.id, other.secret = otherID, otherSecret
	second := other.login()
	if !b.alive(first.Access) {
		t.Error("want the other project's token to leave ours alone")
	}
	if r := b.must(b.request("GET", "/v1.0/devices/"+Plug, "", second.Access)); r.code() != codeToken {
		t.Errorf("want a token of another project refused, got %s", r.body)
	}
	other.wants(0, "GET", "/v1.0/devices/"+Guest, "")
	other.wants(codePermission, "GET", "/v1.0/devices/"+Plug, "")
	if got := b.Used(AccessID) + b.Used("nobody"); got != 3 {
		t.Errorf("want 3 calls on the first project, got %d", got)
	}
}

// Two data centres of one seed: what one says openly is no token of the other.
func TestTracesAreNoTokens(t *testing.T) {
	one, other := newBench(t, Options{}), newBench(t, Options{})
	traces := map[string]bool{}
	for range 20 {
		traces[one.call("GET", plugPath, "").Tid] = true
		other.login()
	}
	for _, p := range append(one.Pairs(), other.Pairs()...) {
		if traces[p.Access] || traces[p.Refresh] {
			t.Errorf("want tokens of their own, got %+v", p)
		}
	}
	if len(traces) != 20 {
		t.Errorf("want 20 ids, got %d", len(traces))
	}
}
