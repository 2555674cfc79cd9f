package hubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// toyServer is a small cloud: lamps and thermometers in two pages, tokens that renewal
// replaces, a stream of changes.
type toyServer struct {
	Faults
	url string

	mu       sync.Mutex
	lamps    map[string]*toyLamp
	offline  map[string]bool
	access   string
	refresh  string
	secrets  []string
	executed int
	streams  map[chan string]bool
	drop     chan struct{}
}

type toyLamp struct {
	On    bool    `json:"on"`
	Level float64 `json:"level"`
}

func newToyServer(t *testing.T) *toyServer {
	t.Helper()
	s := &toyServer{
		lamps: map[string]*toyLamp{}, offline: map[string]bool{}, streams: map[chan string]bool{}, drop: make(chan struct{}),
	}
	for i := range 4 {
		s.lamps[fmt.Sprintf("lamp-%d", i)] = &toyLamp{Level: 50}
	}
	s.newTokens()
	s.Renewal = func(r *http.Request, _ []byte) bool { return r.URL.Path == "/token" }
	s.Page = func(r *http.Request, _ []byte) int {
		if r.URL.Path != "/devices" {
			return 0
		}
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		return n
	}
	srv := httptest.NewServer(s.Wrap(s.routes()))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// newTokens needs the lock, or nobody else around.
func (s *toyServer) newTokens() {
	n := len(s.secrets)
	s.access, s.refresh = fmt.Sprintf("acc+%d/Zq8v-token", n), fmt.Sprintf("ref+%d/Kp3w-token", n)
	s.secrets = append(s.secrets, s.access, s.refresh)
}

func (s *toyServer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("GET /devices", s.devices)
	mux.HandleFunc("GET /values", s.values)
	mux.HandleFunc("POST /set", s.set)
	mux.HandleFunc("GET /stream", s.stream)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		good := r.URL.Path == "/token" || r.Header.Get("Authorization") == "Bearer "+s.access
		s.mu.Unlock()
		if !good {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
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

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *toyServer) devices(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	var list []map[string]string
	for i := 2 * (page - 1); i < min(2*page, len(s.lamps)); i++ {
		list = append(list, map[string]string{"id": fmt.Sprintf("lamp-%d", i), "name": fmt.Sprintf("Lamp %d", i)})
	}
	reply(w, map[string]any{"devices": list, "pages": 2})
}

func (s *toyServer) values(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]any{}
	for id, l := range s.lamps {
		out[id] = map[string]any{"on": l.On, "level": l.Level, "online": !s.offline[id]}
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
	if ask.On != nil {
		lamp.On = *ask.On
	}
	if ask.Level != nil {
		lamp.Level = *ask.Level
	}
	s.executed++
	var line bytes.Buffer
	_ = json.NewEncoder(&line).Encode(map[string]any{"id": ask.ID, "on": lamp.On, "level": lamp.Level})
	for c := range s.streams {
		select {
		case c <- line.String():
		default:
		}
	}
	reply(w, map[string]any{})
}

func (s *toyServer) stream(w http.ResponseWriter, r *http.Request) {
	lines := make(chan string, 16)
	s.mu.Lock()
	s.streams[lines] = true
	drop := s.drop
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, lines)
	}()
	lines <- "{}\n"
	for {
		select {
		case <-r.Context().Done():
			return
		case <-drop:
			panic(http.ErrAbortHandler)
		case line := <-lines:
			_, _ = w.Write([]byte(line))
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// The rest is what Server wants beside Faults.

func (s *toyServer) Settings() map[string]string {
	return map[string]string{"URL": s.url, "ACCESS_TOKEN": s.secrets[0], "REFRESH_TOKEN": s.secrets[1]}
}

func (s *toyServer) Fail(f Fault) {
	if f.Kind != Drop {
		s.Faults.Fail(f)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.drop)
	s.drop = make(chan struct{})
}

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
