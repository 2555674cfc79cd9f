package tuya

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// env is a hub's settings: fields by name, as the environment would give them.
type env struct {
	mu   sync.Mutex
	vars map[string]string
}

func (e *env) set(name, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.vars[name] = value
}

func (e *env) Decode(into any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		v.Field(i).SetString(e.vars[v.Type().Field(i).Name])
	}
	return nil
}

// script is a cloud that answers as a test says.
type script struct {
	mu     sync.Mutex
	calls  []string // method and path with its query
	bodies []string
	heads  []http.Header
	say    func(n int, call string) string // the answer to the n-th call, from 0
	header http.Header                     // of all answers
	status int
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(raw)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + r.URL.RequestURI()
	n := len(s.calls)
	s.calls, s.bodies, s.heads = append(s.calls, call), append(s.bodies, body), append(s.heads, r.Header.Clone())
	said := s.say(n, call)
	w := httptest.NewRecorder()
	maps.Copy(w.Header(), s.header)
	w.WriteHeader(max(s.status, http.StatusOK))
	_, _ = io.WriteString(w, said)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (s *script) made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// count is how many calls hold part.
func (s *script) count(part string) int {
	n := 0
	for _, c := range s.made() {
		if strings.Contains(c, part) {
			n++
		}
	}
	return n
}

func result(json string) string { return `{"success":true,"t":0,"result":` + json + `}` }

func failure(code int) string {
	return fmt.Sprintf(`{"success":false,"code":%d,"msg":"words of the vendor","tid":"a09b01a3381f11ed81b21613c76f6213"}`, code)
}

// tokenNamed is the answer of a token call.
func tokenNamed(name string) string {
	return result(`{"uid":"bay1","access_token":"access` + name + `","expire_time":7200,"refresh_token":"refresh` + name + `"}`)
}

// freshTokens answers token calls with tokens 1, 2, … and everything else by rest.
func freshTokens(rest func(n int, call string) string) func(int, string) string {
	given := 0
	return func(n int, call string) string {
		if strings.Contains(call, tokenPath) {
			given++
			return tokenNamed(fmt.Sprint(given))
		}
		return rest(n, call)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// rig is a hub and what it works with.
type rig struct {
	t      *testing.T
	env    *env
	hub    *hub
	log    *lockedBuffer
	tokens *auth.Manager
	cache  auth.KV
	store  auth.KV
}

func newRig(t *testing.T, tr http.RoundTripper, vars map[string]string) *rig {
	t.Helper()
	r := &rig{
		t: t, log: &lockedBuffer{}, cache: auth.NewMemStore(), store: auth.NewMemStore(),
		env: &env{vars: map[string]string{"URL": "http://cloud.test", "AccessID": ownID, "AccessSecret": ownSecret}},
	}
	maps.Copy(r.env.vars, vars)
	r.open(tr)
	return r
}

// open opens a hub, again too: what it stored is there.
func (r *rig) open(tr http.RoundTripper) {
	r.t.Helper()
	log := zerolog.New(r.log)
	h, err := Vendor().Open(r.env, hubs.Deps{
		Name: "home", HTTP: tr, Log: log, Cache: r.cache,
		SharedTokens: func(cfg auth.Config) *auth.Manager {
			cfg.Store, cfg.Log = r.store, log
			r.tokens = auth.NewManager(cfg)
			return r.tokens
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.hub = h.(*hub)
}
