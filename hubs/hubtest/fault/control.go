package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Control is a simulator's control surface, for tests in another process: GET answers
// with what reads of that path give; POST does what acts of that path do with the body,
// JSON of the type O, and answers with what done gives. A body may be missing, and an
// error is a 400 with text. What is about the faults is there already: POST /fault takes
// a Fault and answers with it, /heal nothing, /clock an offset, such as {"offset":"1h"}.
func Control[O any](t *Table, reads map[string]func() any, acts map[string]func(O) error, done func() any) http.Handler {
	mux := http.NewServeMux()
	for path, read := range reads {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, read()) })
	}
	for path, do := range acts {
		mux.Handle("POST "+path, act(func(in O) (any, error) {
			if err := do(in); err != nil {
				return nil, err
			}
			return done(), nil
		}))
	}
	mux.Handle("POST /fault", act(func(f Fault) (any, error) {
		if !t.Knows(f.Kind) {
			return nil, fmt.Errorf("there is no fault of the kind %q", f.Kind)
		}
		t.Fail(f)
		return f, nil
	}))
	mux.Handle("POST /heal", act(func(struct{}) (any, error) {
		t.Heal()
		return done(), nil
	}))
	mux.Handle("POST /clock", act(func(in clockOrder) (any, error) {
		d, err := time.ParseDuration(in.Offset)
		if err != nil {
			return nil, err
		}
		t.SetClock(d)
		return done(), nil
	}))
	return mux
}

type clockOrder struct {
	Offset string `json:"offset"`
}

// act reads what do wants, and answers with what comes of it.
func act[O any](do func(O) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in O
		if r.ContentLength != 0 {
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		out, err := do(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(w, out)
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}
