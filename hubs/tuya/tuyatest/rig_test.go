package tuyatest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a Cloud on a listener and a raw client of one project.
type bench struct {
	*Cloud
	t          *testing.T
	url        string
	client     *http.Client
	id, secret string
	token      string
	offset     time.Duration // of the client's clock
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	c := New(o)
	srv := httptest.NewServer(c.Handler())
	// On a connection that was used before, net/http repeats a GET of its own accord when no
	// answer came: faults would strike twice, or not at all.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		c.Faults().Drop(0)
		srv.Close()
	})
	return &bench{Cloud: c, t: t, url: srv.URL, client: client, id: AccessID, secret: AccessSecret}
}

// bubble runs f with a bench in a synctest bubble, whose clock starts at 2000-01-01 0:00 UTC.
func bubble(t *testing.T, o Options, f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := New(o)
		l := fault.NewPipe()
		srv := &http.Server{Handler: c.Handler(), ReadHeaderTimeout: time.Minute}
		go func() { _ = srv.Serve(l) }()
		tr := &http.Transport{DialContext: l.Dial}
		t.Cleanup(func() {
			tr.CloseIdleConnections()
			c.DropConsumers(0)
			_ = srv.Close()
		})
		f(t, &bench{
			Cloud: c, t: t, url: "http://openapi.invalid", client: &http.Client{Transport: tr}, id: AccessID, secret: AccessSecret,
		})
	})
}

// pass lets time go by in a bubble.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // a bubble's clock
	synctest.Wait()
}

// reply is what came back, raw and as an envelope.
type reply struct {
	status  int
	header  http.Header
	body    string
	Success bool
	Code    *int
	Msg     *string
	T       int64
	Tid     string
	Result  json.RawMessage
}

func (r reply) code() int {
	if r.Code == nil {
		return 0
	}
	return *r.Code
}

// into reads the result.
func (r reply) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(r.Result, v); err != nil {
		t.Fatalf("result: %v in %s", err, r.body)
	}
}

// request builds a signed call. token is empty for calls that get one.
func (b *bench) request(method, target, body, token string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	h := http.Header{}
	h.Set("client_id", b.id)
	h.Set("sign_method", "HMAC-SHA256")
	h.Set("t", strconv.FormatInt(time.Now().Add(b.offset).UnixMilli(), 10))
	h.Set("nonce", "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d")
	if body != "" {
		h.Set("Content-Type", "application/json")
	}
	if token != "" {
		h.Set("access_token", token)
	}
	s := signing{method: method, path: req.URL.Path, query: req.URL.Query(), header: h, body: []byte(body), token: token}
	h.Set("sign", s.sign(b.id, b.secret))
	req.Header = h
	return req
}

func (b *bench) send(req *http.Request) (reply, error) {
	b.t.Helper()
	resp, err := b.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	_ = json.Unmarshal(raw, &r) // a body that is none is seen by whoever looks at it
	return r, err
}

func (b *bench) must(req *http.Request) reply {
	b.t.Helper()
	r, err := b.send(req)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

type tokens struct {
	UID     string `json:"uid"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expire  int    `json:"expire_time"`
}

// login gets a token with grant_type=1.
func (b *bench) login() tokens {
	b.t.Helper()
	var out tokens
	b.must(b.request("GET", "/v1.0/token?grant_type=1", "", "")).into(b.t, &out)
	b.token = out.Access
	return out
}

// call makes a business call; the first one logs in.
func (b *bench) call(method, target, body string) reply {
	b.t.Helper()
	if b.token == "" {
		b.login()
	}
	return b.must(b.request(method, target, body, b.token))
}

// get wants success, and reads the result.
func (b *bench) get(target string, into any) {
	b.t.Helper()
	r := b.call("GET", target, "")
	if !r.Success {
		b.t.Fatalf("%s: want success, got %s", target, r.body)
	}
	r.into(b.t, into)
}

// wants makes a call that shall come to this code.
func (b *bench) wants(code int, method, target, body string) {
	b.t.Helper()
	if r := b.call(method, target, body); r.code() != code || r.Success != (code == 0) || r.status != 200 {
		b.t.Errorf("%s %s %s: want code %d, got %d %s", method, target, body, code, r.status, r.body)
	}
}

// command sends codes and values in turn.
func (b *bench) command(code int, device string, pairs ...string) {
	b.t.Helper()
	list := []string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, fmt.Sprintf(`{"code":%q,"value":%s}`, pairs[i], pairs[i+1]))
	}
	b.wants(code, "POST", "/v1.0/iot-03/devices/"+device+"/commands", `{"commands":[`+strings.Join(list, ",")+`]}`)
}

// has checks values as text: codes and values in turn.
func (b *bench) has(device string, pairs ...string) {
	b.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		got, err := b.Value(device, pairs[i])
		if text := fmt.Sprint(got); err != nil || text != pairs[i+1] {
			b.t.Errorf("%s: want %s, got %s %v", pairs[i], pairs[i+1], text, err)
		}
	}
}
