package fault

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestControl(t *testing.T) {
	type order struct {
		Name string `json:"name"`
	}
	table := Table{Own: map[Kind]Manner{"garbled": OfPush}}
	var names []string
	surface := Control(&table, map[string]func() any{
		"/names": func() any { return names },
	}, map[string]func(order) error{
		"/name": func(o order) error {
			if o.Name == "taken" {
				return errors.New("somebody is called that")
			}
			names = append(names, o.Name)
			return nil
		},
	}, func() any { return len(names) })
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
		pending            int
		clock              time.Duration
	}{
		{"GET", "/names", "", 200, "null", 0, 0},
		{"POST", "/name", `{"name":"one"}`, 200, "1", 0, 0},
		{"POST", "/name", "", 200, "2", 0, 0},
		{"POST", "/name", `{"name":"taken"}`, 400, "somebody is called that", 0, 0},
		{"POST", "/name", `{"name":1}`, 400, "json: cannot unmarshal number", 0, 0},
		{"GET", "/names", "", 200, `["one",""]`, 0, 0},
		{"POST", "/fault", `{"kind":"status","status":503,"times":-1}`, 200, `{"kind":"status"`, 1, 0},
		{"POST", "/fault", `{"kind":"garbled"}`, 200, `{"kind":"garbled"`, 2, 0},
		{"POST", "/fault", `{"kind":"gremlins"}`, 400, `no fault of the kind "gremlins"`, 2, 0},
		{"POST", "/fault", "{", 400, "unexpected EOF", 2, 0},
		{"POST", "/fault", "", 400, `no fault of the kind ""`, 2, 0},
		{"POST", "/clock", `{"offset":"1h"}`, 200, "2", 2, time.Hour},
		{"POST", "/clock", `{"offset":"soon"}`, 400, "invalid duration", 2, time.Hour},
		{"POST", "/heal", "", 200, "2", 0, 0},
		{"POST", "/nonsense", "", 404, "not found", 0, 0},
		{"GET", "/name", "", 405, "Method Not Allowed", 0, 0},
	} {
		w := httptest.NewRecorder()
		surface.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: want %d %s, got %d %s", c.path, c.body, c.status, c.want, w.Code, w.Body)
		}
		if n, off := table.Pending(), table.Clock(); n != c.pending || off != c.clock {
			t.Errorf("%s %s: want %d faults and a clock off by %s, got %d and %s", c.path, c.body, c.pending, c.clock, n, off)
		}
		if kind := w.Header().Get("Content-Type"); w.Code == http.StatusOK && kind != "application/json" {
			t.Errorf("%s: want JSON, got %s", c.path, kind)
		}
	}
}
