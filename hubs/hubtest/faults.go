package hubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind is a way for a server to go wrong.
type Kind string

// The kinds of faults.
const (
	Hang      Kind = "hang"       // no answer until the client goes away
	Reset     Kind = "reset"      // the connection breaks before the answer
	Cut       Kind = "cut"        // the work is done; the connection breaks in the middle of the answer
	LostReply Kind = "lost-reply" // the work is done; the connection breaks before the answer
	Answer    Kind = "answer"     // Status, Type and Body instead of an answer
	Huge      Kind = "huge"       // status 200 and JSON of Size bytes
	Echo      Kind = "echo"       // status 400 and the whole request in the answer, credentials included
	Refuse    Kind = "refuse"     // refuses the access token, in the vendor's own way
	Limit     Kind = "limit"      // wants to be left alone for After, in the vendor's own way
	Drop      Kind = "drop"       // breaks the open streams, once and now
)

// Fault is what goes wrong with calls. Calls that renew a token are never struck.
type Fault struct {
	Kind Kind
	// Times is how many calls are struck; 0: all until Heal.
	Times int
	// Page strikes only calls for that page of the inventory, from 1; 0: all calls.
	Page int

	Status     int
	Type, Body string
	Size       int
	After      time.Duration
}

// Faults stands before a simulator's handler and does to its answers what networks,
// clouds and portals do. It is safe for concurrent use once its fields are set.
type Faults struct {
	// Renewal tells the calls that renew a token; nil: there are none.
	Renewal func(r *http.Request, body []byte) bool
	// Page tells which page of the inventory a call asks for, from 1; 0: something
	// else. nil: the vendor has no pages.
	Page func(r *http.Request, body []byte) int
	// Say answers a Refuse or a Limit in the vendor's own way; nil: 401, or 429 with
	// Retry-After.
	Say func(w http.ResponseWriter, r *http.Request, f Fault)

	mu        sync.Mutex
	faults    []*Fault
	left      map[*Fault]int
	healed    chan struct{}
	calls     int
	renewals  int
	inFlight  int
	mostAtOne int
}

// Fail adds a fault. A call takes the first that fits.
func (s *Faults) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		s.left, s.healed = map[*Fault]int{}, make(chan struct{})
	}
	s.faults = append(s.faults, &f)
	s.left[&f] = f.Times
}

// Heal removes all faults. Calls that hang break.
func (s *Faults) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.healed != nil {
		close(s.healed)
	}
	s.faults, s.left, s.healed = nil, nil, nil
}

// hanging ends with the faults of now.
func (s *Faults) hanging() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.healed == nil {
		done := make(chan struct{})
		close(done)
		return done
	}
	return s.healed
}

// Calls is how many calls came in, those that renew a token apart.
func (s *Faults) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Refreshes is how many calls came in that renew a token.
func (s *Faults) Refreshes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewals
}

// MostInFlight is how many calls were under way at the same time.
func (s *Faults) MostInFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mostAtOne
}

// Wrap puts the faults before next. What is not struck reaches next as it came.
func (s *Faults) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		f, done := s.take(r, body)
		defer done()
		if f == nil {
			next.ServeHTTP(w, r)
			return
		}
		s.strike(w, r, body, next, *f)
	})
}

func (s *Faults) take(r *http.Request, body []byte) (f *Fault, done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	s.mostAtOne = max(s.mostAtOne, s.inFlight)
	done = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inFlight--
	}
	if s.Renewal != nil && s.Renewal(r, body) {
		s.renewals++
		return nil, done
	}
	s.calls++
	for _, f := range s.faults {
		if f.Page != 0 && (s.Page == nil || s.Page(r, body) != f.Page) {
			continue
		}
		if f.Times == 0 {
			return f, done
		}
		if s.left[f] > 0 {
			s.left[f]--
			return f, done
		}
	}
	return nil, done
}

func (s *Faults) strike(w http.ResponseWriter, r *http.Request, body []byte, next http.Handler, f Fault) {
	switch f.Kind {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-s.hanging():
		}
		panic(http.ErrAbortHandler)
	case Reset:
		panic(http.ErrAbortHandler)
	case Cut, LostReply:
		cut(w, r, next, f.Kind)
	case Answer:
		answer(w, f.Status, f.Type, f.Body)
	case Huge:
		huge(r.Context(), w, f.Size)
	case Echo:
		echo(w, r, body)
	case Refuse, Limit:
		s.say(w, r, f)
	default:
		panic(fmt.Sprintf("hubtest: Faults cannot %s: do it in the adapter", f.Kind))
	}
}

func (s *Faults) say(w http.ResponseWriter, r *http.Request, f Fault) {
	switch {
	case s.Say != nil:
		s.Say(w, r, f)
	case f.Kind == Refuse:
		answer(w, http.StatusUnauthorized, "application/json", `{"error":"invalid_token"}`)
	default:
		w.Header().Set("Retry-After", strconv.Itoa(int(f.After.Seconds())))
		answer(w, http.StatusTooManyRequests, "application/json", `{"error":"too many calls"}`)
	}
}

func answer(w http.ResponseWriter, status int, kind, body string) {
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(max(status, http.StatusOK))
	_, _ = io.WriteString(w, body)
}

// cut lets next do the work and then breaks the connection: after half the answer, or
// before it.
func cut(w http.ResponseWriter, r *http.Request, next http.Handler, kind Kind) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	if kind == Cut {
		maps.Copy(w.Header(), rec.Header())
		body := rec.Body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
	}
	panic(http.ErrAbortHandler)
}

// huge sends one JSON text, a piece at a time, for as long as it is read.
func huge(ctx context.Context, w http.ResponseWriter, size int) {
	piece := strings.Repeat("a", 1<<16)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"data":"`)
	for sent := 0; sent < size && ctx.Err() == nil; sent += len(piece) {
		if _, err := io.WriteString(w, piece); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"}`)
}

// echo quotes the request in every text that an error answer may have.
func echo(w http.ResponseWriter, r *http.Request, body []byte) {
	words := []string{r.Method, r.URL.String(), string(body)}
	for name, values := range r.Header {
		words = append(words, name+":", strings.Join(values, ", "))
	}
	text := strings.Join(words, " ")
	quoted, err := json.Marshal(map[string]any{
		"error": text, "error_description": text, "message": text, "msg": text, "detail": text, "code": 400,
		"errors": []any{map[string]string{"message": text}}, "result": text,
	})
	if err != nil {
		quoted = []byte("{}")
	}
	answer(w, http.StatusBadRequest, "application/json", string(quoted))
}
