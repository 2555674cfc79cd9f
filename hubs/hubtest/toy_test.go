package hubtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// The tokens of the toy: the account's, and the session's that it opens.
const (
	layerAccount = "account"
	layerSession = "session"
)

// toyServer is a small cloud: lamps with a button each, in two pages, described apart; an
// account whose tokens renewal replaces, sessions, a stream of changes.
type toyServer struct {
	faults *fault.Table

	mu       sync.Mutex
	lamps    map[string]*toyLamp
	offline  map[string]bool
	access   string
	refresh  string
	session  string
	secrets  []string
	executed int
	pushes   int
	streams  map[*fault.Line]bool
}

type toyLamp struct {
	now, was toyState
}

type toyState struct {
	On    bool
	Level float64
	At    time.Time
}

func newToyServer() *toyServer {
	s := &toyServer{lamps: map[string]*toyLamp{}, offline: map[string]bool{}, streams: map[*fault.Line]bool{}}
	s.faults = &fault.Table{Describe: describeToy}
	for i := range 4 {
		state := toyState{Level: 50, At: time.Now()}
		s.lamps[fmt.Sprintf("lamp-%d", i)] = &toyLamp{now: state, was: state}
	}
	s.newTokens()
	s.session = s.secret("ses")
	return s
}

func describeToy(r *http.Request, _ []byte) fault.Request {
	q := fault.Request{Name: strings.Trim(r.URL.Path, "/"), Role: fault.Call, Layer: layerSession}
	switch q.Name {
	case "token":
		q.Role, q.Layer = fault.Renewal, layerAccount
	case "session":
		q.Role = fault.Renewal
	case "stream":
		q.Role = fault.Stream
	case "info":
		q.Layer = layerAccount
	case "devices":
		q.Layer = layerAccount
		q.Page, _ = strconv.Atoi(r.URL.Query().Get("page"))
	}
	return q
}

// secret makes one. It needs the lock, or nobody else around.
func (s *toyServer) secret(kind string) string {
	made := fmt.Sprintf("%s+%d/Zq8v-%p", kind, len(s.secrets), s)
	s.secrets = append(s.secrets, made)
	return made
}

func (s *toyServer) newTokens() { s.access, s.refresh = s.secret("acc"), s.secret("ref") }

// Handler implements Server.
func (s *toyServer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /session", s.openSession)
	mux.HandleFunc("GET /info", s.info)
	mux.HandleFunc("GET /devices", s.devices)
	mux.HandleFunc("GET /values", s.values)
	mux.HandleFunc("POST /set", s.set)
	mux.HandleFunc("GET /stream", s.stream)
	return s.faults.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.admits(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

func (s *toyServer) admits(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := s.session
	switch r.URL.Path {
	case "/token":
		return true
	case "/session", "/info", "/devices":
		want = s.access
	}
	return r.Header.Get("Authorization") == "Bearer "+want
}

func (s *toyServer) token(w http.ResponseWriter, r *http.Request) {
	var ask map[string]string
	_ = json.NewDecoder(r.Body).Decode(&ask)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ask["refresh"] != s.refresh {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.newTokens()
	reply(w, map[string]any{"access": s.access, "refresh": s.refresh})
}

// openSession leaves streams of the old one open.
func (s *toyServer) openSession(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = s.secret("ses")
	reply(w, map[string]any{"access": s.session})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *toyServer) info(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"models": map[string]any{"lamp": map[string]any{"dims": true}}})
}

func (s *toyServer) devices(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	ids := slices.Sorted(maps.Keys(s.lamps))
	list := []map[string]string{}
	for _, id := range ids[min(2*(page-1), len(ids)):min(2*page, len(ids))] {
		list = append(list, map[string]string{"id": id, "name": "Lamp " + id[len(id)-1:], "model": "lamp"})
	}
	reply(w, map[string]any{"devices": list, "pages": 2})
}

func (s *toyServer) values(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := fault.PlanOf(r.Context())
	out := map[string]any{}
	for id, l := range s.lamps {
		state := l.now
		if p.Stale {
			state = l.was
		}
		out[id] = map[string]any{"on": state.On, "level": state.Level, "at": state.At.Add(p.Skew), "online": !s.offline[id]}
	}
	reply(w, map[string]any{"values": out})
}

func (s *toyServer) set(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		ID    string   `json:"id"`
		On    *bool    `json:"on"`
		Level *float64 `json:"level"`
	}
	_ = json.NewDecoder(r.Body).Decode(&ask)
	s.mu.Lock()
	defer s.mu.Unlock()
	lamp := s.lamps[ask.ID]
	switch {
	case lamp == nil:
		w.WriteHeader(http.StatusNotFound)
		return
	case s.offline[ask.ID]:
		w.WriteHeader(http.StatusConflict)
		return
	}
	before := lamp.now
	var changes []toyChange
	if ask.On != nil {
		lamp.now.On = *ask.On
		changes = append(changes, toyChange{ask.ID, "on", lamp.now.On, before.On})
	}
	if ask.Level != nil {
		lamp.now.Level = *ask.Level
		changes = append(changes, toyChange{ask.ID, "level", lamp.now.Level, before.Level})
	}
	lamp.now.At = time.Now()
	if lamp.now.On != before.On || lamp.now.Level != before.Level {
		lamp.was = before
	}
	s.executed++
	s.push(changes)
	reply(w, map[string]any{})
}

// toyChange is one value that is pushed.
type toyChange struct {
	id, attr string
	now, was any
}

// push needs the lock.
func (s *toyServer) push(changes []toyChange) {
	p := s.faults.Push("change")
	for _, part := range fault.Spread(&p, changes, func(c toyChange) toyChange { c.now = c.was; return c }) {
		news := map[string]any{"at": time.Now().Add(s.faults.Clock())}
		for _, c := range part {
			news["id"], news[c.attr] = c.id, c.now
		}
		s.send(news, p)
	}
}

func (s *toyServer) send(news map[string]any, p fault.Push) {
	s.pushes++
	news["n"] = s.pushes
	line, _ := json.Marshal(news) // texts and numbers never fail
	for l := range s.streams {
		l.Send(append(line, '\n'), p)
	}
}

// stream says something every twenty seconds.
func (s *toyServer) stream(w http.ResponseWriter, r *http.Request) {
	const beat = 20 * time.Second
	lines, end := make(chan []byte, 16), make(chan struct{})
	var once sync.Once
	s.mu.Lock()
	l := s.faults.OpenLine(fault.PlanOf(r.Context()), &s.mu, func(msg []byte) { lines <- msg }, func(int) { once.Do(func() { close(end) }) })
	s.streams[l] = true
	l.Say([]byte("{}\n"))
	s.mu.Unlock()
	defer func() {
		l.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, l)
	}()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	w.WriteHeader(http.StatusOK)
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-end:
			panic(http.ErrAbortHandler)
		case <-tick.C:
			s.mu.Lock()
			l.Say([]byte("{}\n"))
			s.mu.Unlock()
		case line := <-lines:
			_, _ = w.Write(line)
		}
	}
}

// The rest is what Server, Remover and Happener want.

func (s *toyServer) Settings(base string) map[string]string {
	return map[string]string{"URL": base, "ACCESS_TOKEN": s.secrets[0], "REFRESH_TOKEN": s.secrets[1]}
}

func (s *toyServer) Faults() *fault.Table { return s.faults }

func (s *toyServer) Executed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.executed
}

func (s *toyServer) Offline(id hubs.DeviceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offline[string(id)] = true
}

func (s *toyServer) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}

func (s *toyServer) Remove(id hubs.DeviceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lamps, string(id))
	s.send(map[string]any{"gone": id}, s.faults.Push("gone"))
}

func (s *toyServer) Happen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(map[string]any{"id": "lamp-0", "press": "single"}, s.faults.Push("press"))
}

var (
	_ Remover  = (*toyServer)(nil)
	_ Happener = (*toyServer)(nil)
)
