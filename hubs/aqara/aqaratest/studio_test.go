package aqaratest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var msgCount atomic.Int64

// bench is a Studio on a real listener and a raw client for it.
type bench struct {
	*Studio
	t      *testing.T
	url    string
	client *http.Client
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	s := New(o)
	srv := httptest.NewServer(s.Handler())
	client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		srv.Close()
	})
	return &bench{Studio: s, t: t, url: srv.URL, client: client}
}

// newPipeBench is a bench for a synctest bubble.
func newPipeBench(t *testing.T, o Options) *bench {
	t.Helper()
	s := New(o)
	l := fault.NewPipe()
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	tr := &http.Transport{DialContext: l.Dial}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		s.DropSockets(0)
		_ = srv.Close()
	})
	return &bench{Studio: s, t: t, url: "http://studio", client: &http.Client{Transport: tr}}
}

// reply is what came back, raw and as far as it is an envelope.
type reply struct {
	status  int
	header  http.Header
	body    string
	Type    string
	Version string
	MsgID   string
	Code    int
	Message any
	Data    json.RawMessage
}

func (b *bench) do(method, path, body string, header http.Header) (reply, error) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header = header
	resp, err := b.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(resp.Body)
	out := reply{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	_ = json.Unmarshal(raw, &out)
	return out, err
}

func (b *bench) headers() http.Header {
	return http.Header{
		"Authorization": {"Bearer " + b.Tokens().Access},
		"Content-Type":  {"application/json"},
	}
}

func (b *bench) must(method, path, body string) reply {
	b.t.Helper()
	r, err := b.do(method, path, body, b.headers())
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// message is a typed message with a new msgId; data may be empty.
func message(kind, data string) string {
	if data != "" {
		data = `,"data":` + data
	}
	return `{"type":"` + kind + `","version":"v1","msgId":"t` + strconv.FormatInt(msgCount.Add(1), 10) + `"` + data + `}`
}

func (b *bench) call(kind, data string) reply {
	b.t.Helper()
	return b.must("POST", BasePath, message(kind, data))
}

func (b *bench) refreshWith(access, refresh string) reply {
	b.t.Helper()
	h := b.headers()
	h.Set("Authorization", "Bearer "+access)
	r, err := b.do("POST", RefreshPath, `{"refreshToken":"`+refresh+`"}`, h)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) value(a Address) any {
	b.t.Helper()
	v, err := b.Value(a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (r reply) decode(t *testing.T, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(r.Data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

// is checks status and code.
func (r reply) is(t *testing.T, status, code int) {
	t.Helper()
	if r.status != status || r.Code != code {
		t.Errorf("want status %d code %d, got %d %d: %.300s", status, code, r.status, r.Code, r.body)
	}
}
