package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// wire is what the test server and the child processes say to each other.
type wire struct {
	Access, Refresh string
	Life            time.Duration
	Code            string
}

// serve shows v over HTTP; /barrier lets children start together.
func serve(t *testing.T, v *vendor, children int) string {
	t.Helper()
	var barrier sync.WaitGroup
	barrier.Add(children)
	mux := http.NewServeMux()
	mux.HandleFunc("/barrier", func(http.ResponseWriter, *http.Request) {
		barrier.Done()
		barrier.Wait()
	})
	mux.HandleFunc("/refresh", func(w http.ResponseWriter, r *http.Request) {
		var in wire
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		out := wire{Life: v.life}
		tok, err := v.Grant(r.Context(), Token{Refresh: Secret(in.Refresh)})
		if err != nil {
			out.Code = "invalid_grant"
		}
		out.Access, out.Refresh = tok.Access.Reveal(), tok.Refresh.Reveal()
		_ = json.NewEncoder(w).Encode(out)
	})
	mux.HandleFunc("/call", func(w http.ResponseWriter, r *http.Request) {
		if v.call(r.Context(), Token{Access: Secret(r.Header.Get("Authorization"))}) != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

// httpVendor is the child's side of it.
type httpVendor struct {
	url    string
	client *http.Client
	step   func(string)
}

func (h *httpVendor) post(ctx context.Context, path, access string, in wire) (wire, int, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return wire{}, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+path, bytes.NewReader(body))
	if err != nil {
		return wire{}, 0, err
	}
	req.Header.Set("Authorization", access)
	resp, err := h.client.Do(req)
	if err != nil {
		return wire{}, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if path == "/refresh" {
		h.step("answered")
	}
	var out wire
	err = json.NewDecoder(resp.Body).Decode(&out)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return out, resp.StatusCode, err
}

func (h *httpVendor) Grant(ctx context.Context, old Token) (Token, error) {
	h.step("before the request")
	out, _, err := h.post(ctx, "/refresh", "", wire{Refresh: old.Refresh.Reveal()})
	switch {
	case err != nil:
		return Token{}, err
	case out.Code != "":
		return Token{}, &LoginError{Reason: "refused", Code: out.Code}
	}
	h.step("answer read")
	return Token{Access: Secret(out.Access), Refresh: Secret(out.Refresh), Expiry: time.Now().Add(out.Life)}, nil
}

func (h *httpVendor) call(ctx context.Context, t Token) error {
	_, status, err := h.post(ctx, "/call", t.Access.Reveal(), wire{})
	if status == http.StatusUnauthorized {
		return ErrRejected
	}
	return err
}

func say(what any) { _, _ = fmt.Fprintln(os.Stdout, what) }

// child is a process of its own: the test binary, run again.
func child(role string) int {
	store, err := OpenFileStore(os.Getenv("AUTH_TEST_DIR"))
	if err != nil {
		say(err)
		return 1
	}
	h := &httpVendor{url: os.Getenv("AUTH_TEST_URL"), client: &http.Client{Timeout: 20 * time.Second}, step: func(string) {}}
	seed := Token{Access: Secret(os.Getenv("AUTH_TEST_ACCESS")), Refresh: Secret(os.Getenv("AUTH_TEST_REFRESH"))}
	m := NewManager(Config{
		Account: "hub", Identity: h.url, Grant: h, Store: store, Log: zerolog.Nop(),
		Seed: func() (Token, error) { return seed, nil },
	})
	if role == "race" {
		return raceChild(m, h)
	}
	return crashChild(m, h, store)
}

func raceChild(m *Manager, h *httpVendor) int {
	if _, _, err := h.post(context.Background(), "/barrier", "", wire{}); err != nil {
		say(err)
		return 1
	}
	var wg sync.WaitGroup
	var failed atomic.Int64
	for range 200 {
		wg.Go(func() {
			if err := m.Do(context.Background(), h.call); err != nil {
				failed.Add(1)
				say(err)
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 {
		return 1
	}
	return 0
}

// crashChild does one call and kills itself at step CRASH_AT of it, or prints the names of all steps.
func crashChild(m *Manager, h *httpVendor, store *FileStore) int {
	at, _ := strconv.Atoi(os.Getenv("CRASH_AT"))
	n, phase := 0, "mark: "
	step := func(name string) {
		n++
		switch name {
		case "before the request":
			phase = ""
		case "locked":
			if phase == "" {
				phase = "save: "
			}
		}
		if at == 0 {
			say(phase + name)
		}
		if n == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	h.step, store.step = step, step
	err := m.Do(context.Background(), h.call)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrLogin):
		say(err)
		return 3
	}
	say(err)
	return 1
}

// spawn prepares a child process.
func spawn(t *testing.T, role, dir, url string, seed Token, crashAt int) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	// The race detector sleeps for a second at each exit unless told otherwise.
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "AUTH_TEST_CHILD="+role, "AUTH_TEST_DIR="+dir, "AUTH_TEST_URL="+url,
		"AUTH_TEST_ACCESS="+seed.Access.Reveal(), "AUTH_TEST_REFRESH="+seed.Refresh.Reveal(),
		"CRASH_AT="+strconv.Itoa(crashAt))
	return cmd
}

// keep puts a token into a folder as a finished process would have left it.
func keep(t *testing.T, dir, identity string, seed, tok Token) {
	t.Helper()
	s, err := OpenFileStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	rec := record{Identity: digest("identity", identity), Seed: seedHash(seed)}.with(tok)
	for rev := uint64(0); rev == 0 || rec.Pending != nil; { // twice, so that there is a previous version too
		val, err := rec.encode()
		if err != nil {
			t.Fatal(err)
		}
		if rec.Pending = nil; rev == 0 {
			rec.Pending = &pending{Token: "x"}
		}
		if rev, err = s.Put(t.Context(), "tokens/hub", val, rev); err != nil {
			t.Fatal(err)
		}
	}
}
