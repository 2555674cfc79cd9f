package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "s3cr3t-t0ken"

// serve runs h and gives a call to it whose URL and headers hold secrets.
func serve(t *testing.T, cfg Config, h http.HandlerFunc) (*Client, Call) {
	t.Helper()
	srv := httptest.NewServer(h)
	tr := &http.Transport{}
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	cfg.Vendor, cfg.HTTP = "acme", tr
	return New(cfg), Call{
		Name: "device list", URL: srv.URL + "/devices?token=" + secret,
		Header: http.Header{"Authorization": {"Bearer " + secret}},
	}
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestAnswers(t *testing.T) {
	date := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    hubs.Fault
		text    string
		after   time.Duration
	}{
		"401":         {answer(401, secret), hubs.LoginNeeded, "refused the token", 0},
		"403":         {answer(403, secret), hubs.Misconfigured, "answered 403", 0},
		"404":         {answer(404, secret), hubs.Refused, "answered 404", 0},
		"400":         {answer(400, secret), hubs.Refused, "answered 400", 0},
		"408":         {answer(408, ""), hubs.Transient, "answered 408", 0},
		"302":         {answer(302, "", "Location", "http://x/?t="+secret), hubs.Transient, "points elsewhere", 0},
		"429":         {answer(429, ""), hubs.Limited, "fewer calls", 0},
		"429 seconds": {answer(429, "", "Retry-After", "12"), hubs.Limited, "", 12 * time.Second},
		"429 date": {
			answer(429, "", "Retry-After", date.Add(90*time.Second).Format(http.TimeFormat), "Date", date.Format(http.TimeFormat)),
			hubs.Limited, "", 90 * time.Second,
		},
		"429 nonsense": {answer(429, "", "Retry-After", "soon"), hubs.Limited, "", 0},
		"429 for ever": {answer(429, "", "Retry-After", "1e300"), hubs.Limited, "", 24 * time.Hour},
		"500":          {answer(500, secret), hubs.Transient, "answered 500", 0},
		"503 wait":     {answer(503, "", "Retry-After", "3"), hubs.Transient, "answered 503", 3 * time.Second},
		"html":         {answer(200, "<html>"+secret), hubs.Transient, "not the JSON", 0},
		"empty":        {answer(200, " "), hubs.Transient, "answered nothing", 0},
		"truncated":    {answer(200, `{"a":"`+secret), hubs.Transient, "not the JSON", 0},
		"other type":   {answer(200, `["`+secret+`"]`), hubs.Transient, "not the JSON", 0},
		"large":        {answer(200, `{"a":"`+strings.Repeat("a", 2<<20)+`"}`), hubs.Transient, "larger than 1 MiB", 0},
		"deep":         {answer(200, strings.Repeat("[", 9000)), hubs.Transient, "nested too deeply", 0},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, secret)
			panic(http.ErrAbortHandler)
		}, hubs.Transient, "broke the answer off", 0},
		"no HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, secret+"\r\n\r\n")
				_ = conn.Close()
			}
		}, hubs.Transient, "connection failed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			c2, call := serve(t, Config{MaxBytes: 1 << 20, Log: zerolog.New(&log)}, c.handler)
			var into struct{ A string }
			call.Into = &into
			err := c2.Do(t.Context(), call)
			e, ok := errors.AsType[*hubs.Error](err)
			if !ok || e.Fault != c.want || e.After != c.after {
				t.Fatalf("got %#v, want %s after %v", err, c.want, c.after)
			}
			host := strings.TrimPrefix(strings.Split(call.URL, "/devices")[0], "http://")
			if !strings.HasPrefix(err.Error(), "acme: device list: "+host+" ") || !strings.Contains(err.Error(), c.text) {
				t.Errorf("text %q lacks %q", err, c.text)
			}
			if errors.Is(err, auth.ErrRejected) != (name == "401") {
				t.Errorf("ErrRejected: %v", err)
			}
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				if strings.Contains(fmt.Sprintf("%v %#v", cause, cause), secret) {
					t.Errorf("secret in %v", cause)
				}
			}
			if s := log.String(); strings.Contains(s, secret) || !strings.Contains(s, `"call":"device list"`) {
				t.Errorf("log: %s", s)
			}
		})
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNetworkErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		text string
	}{
		"url":     {&url.Error{Op: "Get", URL: "http://x/?t=" + secret, Err: io.EOF}, "broke the answer off"},
		"dns":     {&net.DNSError{Err: "no such host", Name: "x"}, "name is not known"},
		"other":   {errors.New("malformed " + secret), "connection failed"},
		"timeout": {&net.DNSError{IsTimeout: true}, "no answer in time"},
	} {
		cl := New(Config{HTTP: tripper(func(*http.Request) (*http.Response, error) { return nil, c.err })})
		err := cl.Do(t.Context(), Call{Name: "x", URL: "http://10.0.0.5/?t=" + secret})
		if hubs.FaultOf(err) != hubs.Transient || !strings.Contains(err.Error(), c.text) || strings.Contains(fmt.Sprintf("%#v", err), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	cl := New(Config{})
	for _, raw := range []string{"http://127.0.0.1:1/?t=" + secret, "::" + secret, "http://h/\x7f" + secret} {
		err := cl.Do(t.Context(), Call{Name: "x", URL: raw})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if err := cl.Do(t.Context(), Call{Name: "x", URL: "http://h", Body: func() {}}); hubs.FaultOf(err) != hubs.Bug {
		t.Errorf("unwritable body: %v", err)
	}
}

func TestGoodCall(t *testing.T) {
	clock := &auth.Clock{}
	var seen []string
	ahead := time.Now().Add(time.Hour)
	c, call := serve(t, Config{Clock: clock, Observe: func(call, outcome string, _ time.Duration) {
		seen = append(seen, call+" "+outcome)
	}}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Date", ahead.UTC().Format(http.TimeFormat))
		_, _ = fmt.Fprintf(w, `{"method":%q,"type":%q,"auth":%q,"body":%q}`,
			r.Method, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), body)
	})
	var got struct{ Method, Type, Auth, Body string }
	call.Body, call.Into = map[string]int{"n": 1}, &got
	if err := c.Do(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	want := struct{ Method, Type, Auth, Body string }{"POST", "application/json", "Bearer " + secret, `{"n":1}`}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if off := clock.Offset(); off < 59*time.Minute || off > 61*time.Minute {
		t.Errorf("clock is off by %v, want an hour", off)
	}
	call.Classify = func(int, http.Header, []byte) error { return Rejected("1001") }
	err := c.Do(t.Context(), call)
	if e, ok := errors.AsType[*hubs.Error](err); !ok || e.Code != "1001" || !errors.Is(err, auth.ErrRejected) {
		t.Errorf("envelope: %v", err)
	}
	if fmt.Sprint(seen) != "[device list ok device list rejected]" {
		t.Errorf("observed %v", seen)
	}
}

// A hub that accepts and never answers, or never ends, is given up at the deadline.
func TestHangs(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"drip": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		c, call := serve(t, Config{Timeout: 50 * time.Millisecond}, h)
		for who, ctx := range map[string]func() (context.Context, context.CancelFunc){
			"own": func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) },
			"caller": func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), time.Millisecond)
			},
		} {
			ctx, cancel := ctx()
			start := time.Now()
			err := c.Do(ctx, call)
			cancel()
			if hubs.FaultOf(err) != hubs.Transient || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
				t.Errorf("%s, %s: %v after %v", name, who, err, time.Since(start))
			}
		}
	}
}

func TestInFlight(t *testing.T) {
	var now, most atomic.Int32
	gate := make(chan struct{})
	c, call := serve(t, Config{InFlight: 2}, func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		<-gate
		now.Add(-1)
		w.WriteHeader(http.StatusOK)
	})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := c.Do(t.Context(), call); err != nil {
				t.Error(err)
			}
		})
	}
	for now.Load() < 2 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Do(ctx, call); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a slot: %v", err)
	}
	close(gate)
	wg.Wait()
	if most.Load() != 2 {
		t.Errorf("%d at a time, want 2", most.Load())
	}
}

// What a hostile answer costs in memory stays near the limit on its size.
func TestMemoryIsBounded(t *testing.T) {
	for name, part := range map[string]string{"text": "a", "objects": "{},", "arrays": "[],", "depth": "["} {
		c, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `[`)
			block := []byte(strings.Repeat(part, 1<<16))
			for n := 0; n < 50<<20; n += len(block) {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		})
		var into []struct{ A, B, C, D, E, F, G, H string }
		call.Into = &into
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.Do(t.Context(), call)
		runtime.ReadMemStats(&after)
		if hubs.FaultOf(err) != hubs.Transient {
			t.Errorf("%s: %v", name, err)
		}
		// ReadAll grows its buffer in steps: what it left behind counts here too.
		if got := after.TotalAlloc - before.TotalAlloc; got > 120<<20 {
			t.Errorf("%s: %d MiB allocated", name, got>>20)
		}
	}
	many := []byte("[" + strings.Repeat("{},", 2_100_000) + "{}]")
	if err := checkShape(many); err == nil {
		t.Error("millions of values pass")
	}
	if err := checkShape([]byte(`{"a":"[[[\"[,,","b":[{},[]]}`)); err != nil {
		t.Error(err)
	}
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"a":"\\"}`))
	f.Add([]byte(`"\`))
	f.Fuzz(func(_ *testing.T, b []byte) { _ = checkShape(b) })
}
