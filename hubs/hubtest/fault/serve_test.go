package fault

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a simulator behind a Table, and a client for it.
type bench struct {
	*Table
	t      *testing.T
	url    string
	client *http.Client

	mu    sync.Mutex
	plans []Plan // of the calls that were worked on
}

func (b *bench) worked() []Plan {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.plans)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	tr := &http.Transport{}
	b := &bench{Table: &Table{}, t: t}
	b.Describe = func(r *http.Request, body []byte) Request {
		q := Request{Name: strings.Trim(r.URL.Path, "/"), Page: strings.Count(string(body), "2") * 2}
		switch q.Name {
		case "token":
			q.Role, q.Layer = Renewal, "account"
		case "stream":
			q.Role = Stream
		}
		return q
	}
	srv := httptest.NewUnstartedServer(b.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := PlanOf(r.Context())
		b.mu.Lock()
		b.plans = append(b.plans, p)
		b.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"you": string(body), "n": 7, "ok": true})
		if p.Flap != nil {
			<-r.Context().Done()
		}
	})))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	b.url, b.client = srv.URL, &http.Client{Transport: b.Transport(tr), Timeout: 10 * time.Second}
	return b
}

type reply struct {
	status int // 0: none, -1: it broke off
	body   string
	header http.Header
	err    error
}

func (b *bench) ask(ctx context.Context, path, body string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer t0ken")
	resp, err := b.client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close() //nolint:errcheck // it was read only
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{-1, string(raw), resp.Header, err}
	}
	return reply{resp.StatusCode, string(raw), resp.Header, nil}
}

const whole = `{"n":7,"ok":true,"you":"me"}`

func TestCalls(t *testing.T) {
	for name, c := range map[string]struct {
		fault  Fault
		status int
		body   string
		works  int
	}{
		"none":             {Fault{Kind: HTML, Match: "other"}, 200, whole, 1},
		"401":              {Fault{Kind: Status, Status: 401}, 401, "Unauthorized", 0},
		"403":              {Fault{Kind: Status, Status: 403}, 403, "Forbidden", 0},
		"429":              {Fault{Kind: Status, Status: 429}, 429, "Too Many", 0},
		"no status":        {Fault{Kind: Status}, 500, "Internal", 0},
		"503, work done":   {Fault{Kind: Status, Status: 503, After: true}, 503, "Unavailable", 1},
		"answer":           {Fault{Kind: Answer, Status: 502, Body: "x", Type: "text/plain"}, 502, "x", 0},
		"answer 200":       {Fault{Kind: Answer, Body: "y"}, 200, "y", 0},
		"HTML":             {Fault{Kind: HTML}, 200, "<!DOCTYPE html>", 0},
		"HTML 404":         {Fault{Kind: HTML, Status: 404}, 404, "<!DOCTYPE html>", 0},
		"empty":            {Fault{Kind: Empty}, 200, "", 0},
		"huge":             {Fault{Kind: Huge, Size: 3}, 200, "aaaa", 0},
		"deep":             {Fault{Kind: Deep, Size: 3}, 200, `{"data":[[[]]]}`, 0},
		"echo":             {Fault{Kind: Echo}, 400, "Bearer t0ken", 0},
		"echo of the body": {Fault{Kind: Echo, Status: 401}, 401, "/call me", 0},
		"reset":            {Fault{Kind: Reset}, 0, "", 0},
		"reset, work done": {Fault{Kind: Reset, After: true}, 0, "", 1},
		"lost reply":       {Fault{Kind: LostReply}, 0, "", 1},
		"cut":              {Fault{Kind: Cut}, -1, `{"n"`, 1},
		"truncated":        {Fault{Kind: Truncated}, 200, `{"n"`, 1},
		"wrong types":      {Fault{Kind: WrongTypes}, 200, `{"n":[7,"?"],"ok":"perhaps","you":{"text":"me"}}`, 1},
		"slow":             {Fault{Kind: Slow, Delay: time.Millisecond}, 200, whole, 1},
		"slow answer":      {Fault{Kind: Slow, Delay: time.Millisecond, After: true}, 200, whole, 1},
		"clock":            {Fault{Kind: Clock, Offset: time.Hour}, 200, whole, 1},
		"by path":          {Fault{Kind: Empty, Match: "/call"}, 200, "", 0},
		"by pattern":       {Fault{Kind: Empty, Match: "/c*"}, 200, "", 0},
		"another pattern":  {Fault{Kind: Empty, Match: "/*/x"}, 200, whole, 1},
		"by role":          {Fault{Kind: Empty, Role: Call}, 200, "", 0},
		"another role":     {Fault{Kind: Empty, Role: Renewal}, 200, whole, 1},
		"pushes only":      {Fault{Kind: Truncated, Role: Pushed}, 200, whole, 1},
		"another layer":    {Fault{Kind: Empty, Layer: "account"}, 200, whole, 1},
		"another page":     {Fault{Kind: Empty, Page: 2}, 200, whole, 1},
		"skipped":          {Fault{Kind: Empty, Skip: 1}, 200, whole, 1},
		"a push's":         {Fault{Kind: Duplicate}, 200, whole, 1},
		"a stream's":       {Fault{Kind: Flap}, 200, whole, 1},
		"all mute":         {Fault{Kind: Mute}, 200, whole, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.Fail(c.fault)
			got := b.ask(t.Context(), "/call", "me")
			if got.status != c.status || !strings.Contains(got.body, c.body) || len(b.worked()) != c.works {
				t.Errorf("want %d …%s…, worked on %d times; got %d %.60q, %d times (%v)",
					c.status, c.body, c.works, got.status, got.body, len(b.worked()), got.err)
			}
			if c.fault.Kind == Huge && (len(got.body) < 3<<20 || !json.Valid([]byte(got.body))) {
				t.Errorf("huge: %d bytes, JSON: %v", len(got.body), json.Valid([]byte(got.body)))
			}
			b.Heal()
			if got := b.ask(t.Context(), "/call", "me"); strings.TrimSpace(got.body) != whole {
				t.Errorf("after Heal: %d %.60q", got.status, got.body)
			}
		})
	}
}

func TestRetryAfterAndClock(t *testing.T) {
	b := newBench(t)
	for _, k := range []Kind{Status, HTML, Empty, Answer} {
		b.Fail(Fault{Kind: k, Status: 429, RetryAfter: "7"})
		if got := b.ask(t.Context(), "/call", "").header.Get("Retry-After"); got != "7" {
			t.Errorf("%s: want Retry-After 7, got %q", k, got)
		}
	}
	off := func() time.Duration {
		date, err := http.ParseTime(b.ask(t.Context(), "/call", "").header.Get("Date"))
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(date).Round(time.Hour)
	}
	b.SetClock(-time.Hour)
	b.Fail(Fault{Kind: Clock, Offset: 3 * time.Hour})
	for i, want := range []time.Duration{2 * time.Hour, -time.Hour} {
		if got := off(); got != want {
			t.Errorf("%d: want a clock off by %v, got %v", i, want, got)
		}
		if got := b.worked()[i].Skew; got != want {
			t.Errorf("%d: want a skew of %v, got %v", i, want, got)
		}
	}
	b.Heal()
	if got := off(); got != 0 || b.Clock() != 0 {
		t.Errorf("after Heal: off by %v", got)
	}
}

func TestSimulatorsOwn(t *testing.T) {
	b := newBench(t)
	b.Own = map[Kind]Manner{"odd": Instead, "loose": Behind, "item": Beside}
	b.Say = func(w http.ResponseWriter, r *http.Request, f Fault) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, string(f.Kind)+" for "+string(body))
	}
	b.Spoil = func(f Fault, body []byte) []byte { return append([]byte(f.Kind+" "), body...) }
	for _, c := range []struct {
		fault Fault
		want  string
	}{
		{Fault{Kind: "odd"}, "odd for me"},
		{Fault{Kind: "odd", After: true}, "odd for me"},
		{Fault{Kind: Status, Status: 500}, "status for me"},
		{Fault{Kind: "loose"}, "loose " + whole},
		{Fault{Kind: WrongTypes}, "wrong-types " + whole},
		{Fault{Kind: "item", Device: "d"}, whole},
	} {
		b.Fail(c.fault)
		if got := b.ask(t.Context(), "/call", "me"); strings.TrimSpace(got.body) != c.want {
			t.Errorf("%s: want %q, got %q", c.fault.Kind, c.want, got.body)
		}
	}
	if own := b.worked()[len(b.worked())-1].Own; len(own) != 1 || own[0].Device != "d" {
		t.Errorf("want the fault of one device in the plan, got %+v", own)
	}
	if !b.Knows("odd") || !b.Knows(HTML) || b.Knows("new") {
		t.Error("knows what it should not, or does not what it should")
	}
	defer func() {
		if recover() == nil {
			t.Error("want a panic for a kind that nobody knows")
		}
	}()
	b.Fail(Fault{Kind: "new"})
}

// Faults strike in their order, as often as they say, and are counted.
func TestOrderAndCounts(t *testing.T) {
	b := newBench(t)
	b.Fail(Fault{Kind: Answer, Status: 500, Role: Call, Times: 2})
	b.Fail(Fault{Kind: Answer, Status: 502, Page: 2, Times: Always})
	b.Fail(Fault{Kind: Stale, Times: Always})
	for i, c := range []struct {
		path, body string
		want       int
	}{{"/token", "", 200}, {"/call", "", 500}, {"/call", "2", 500}, {"/call", "2", 502}, {"/stream", "", 200}, {"/call", "2", 502}} {
		if got := b.ask(t.Context(), c.path, c.body); got.status != c.want {
			t.Errorf("call %d: want %d, got %d", i, c.want, got.status)
		}
	}
	if plans := b.worked(); len(plans) != 2 || !plans[0].Stale {
		t.Errorf("want stale reads, got %+v", plans)
	}
	s := b.Seen()
	if s.Calls != 4 || s.Renewals != 1 || s.Streams != 1 || s.Struck != 6 || s.ByName["call"] != 4 || s.ByLayer["account"] != 1 {
		t.Errorf("got %+v", s)
	}
	b.Lift(Stale)
	if n := b.Pending(); n != 1 {
		t.Errorf("want one fault left, got %d", n)
	}
}

func TestHangEnds(t *testing.T) {
	b := newBench(t)
	b.Fail(Fault{Kind: Hang, Times: Always})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got := b.ask(ctx, "/call", ""); !errors.Is(got.err, context.DeadlineExceeded) {
		t.Errorf("want a deadline, got %+v", got)
	}
	done := make(chan reply)
	go func() { done <- b.ask(t.Context(), "/call", "") }()
	for b.Seen().Calls < 2 {
		Pause(t.Context(), time.Millisecond)
	}
	b.Heal()
	if got := <-done; got.err == nil {
		t.Errorf("want a broken connection after Heal, got %+v", got)
	}
}

func TestFlappingStream(t *testing.T) {
	b := newBench(t)
	b.Fail(Fault{Kind: Flap, Delay: 10 * time.Millisecond})
	if got := b.ask(t.Context(), "/call", ""); got.status != 200 { // is no stream, and none of its business
		t.Errorf("got %+v", got)
	}
	start := time.Now()
	got := b.ask(t.Context(), "/stream", "me")
	if took := time.Since(start); took < 10*time.Millisecond || got.status == 0 {
		t.Errorf("want a stream that ends soon, got %+v after %v", got, took)
	}
}

// What Transport reports has the types that net/http gives.
func TestNetwork(t *testing.T) {
	b := newBench(t)
	b.Fail(Fault{Kind: DNS, Skip: 1})
	if got := b.ask(t.Context(), "/call", "me"); strings.TrimSpace(got.body) != whole {
		t.Errorf("one that passes: %+v", got)
	}
	got := b.ask(t.Context(), "/call", "me")
	if dns, ok := errors.AsType[*net.DNSError](got.err); !ok || !dns.IsNotFound || dns.Name == "" {
		t.Errorf("want an unknown name, got %v", got.err)
	}
	b.Fail(Fault{Kind: TLS, Role: Renewal, Times: Always})
	if got := b.ask(t.Context(), "/call", "me"); got.status != 200 {
		t.Errorf("another role: %+v", got)
	}
	got = b.ask(t.Context(), "/token", "")
	if _, ok := errors.AsType[*tls.CertificateVerificationError](got.err); !ok {
		t.Errorf("want an untrusted certificate, got %v", got.err)
	}
	if s := b.Seen(); s.Struck != 2 || s.Calls != 2 || s.Renewals != 0 {
		t.Errorf("want two that never arrived, got %+v", s)
	}
	b.Heal()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	b.url = srv.URL
	got = b.ask(t.Context(), "/call", "me")
	if _, ok := errors.AsType[*tls.CertificateVerificationError](got.err); !ok {
		t.Errorf("a real one is %T", got.err)
	}
}

func TestRewrite(t *testing.T) {
	for _, c := range []struct{ in, member, want string }{
		{`{"code":0,"data":[1,{"a":null}]}`, "data", `{"code":0,"data":[[1,"?"],{"a":17}]}`},
		{`{"code":0}`, "", `{"code":[0,"?"]}`},
		{`[true]`, "data", `["perhaps"]`},
		{`no JSON`, "", `no JSON`},
		{``, "", ``},
	} {
		if got := string(Rewrite([]byte(c.in), c.member, Retype)); got != c.want {
			t.Errorf("%s: want %s, got %s", c.in, c.want, got)
		}
	}
}
