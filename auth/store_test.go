package auth

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStores holds every store to the contract of KV.
func TestStores(t *testing.T) {
	stores := map[string]func(t *testing.T) KV{
		"memory": func(*testing.T) KV { return NewMemStore() },
		"files":  func(t *testing.T) KV { t.Helper(); return openStore(t, t.TempDir()) },
	}
	rules := map[string]func(t *testing.T, s KV){
		"absent":            absentKeys,
		"compare and set":   compareAndSet,
		"values come back":  valuesComeBack,
		"made anew":         madeAnew,
		"list":              listKeys,
		"bad keys":          badKeys,
		"lock":              lockExcludes,
		"ended context":     endedContext,
		"writers in a race": writersRace,
	}
	for store, open := range stores {
		for rule, check := range rules {
			t.Run(store+"/"+rule, func(t *testing.T) { check(t, open(t)) })
		}
	}
}

func openStore(t *testing.T, dir string) *FileStore {
	t.Helper()
	s, err := OpenFileStore(dir)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func put(t *testing.T, s KV, key, val string, rev uint64) uint64 {
	t.Helper()
	next, err := s.Put(t.Context(), key, []byte(val), rev)
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return next
}

func absentKeys(t *testing.T, s KV) {
	t.Helper()
	if _, rev, err := s.Get(t.Context(), "a/b"); !errors.Is(err, fs.ErrNotExist) || rev != 0 {
		t.Errorf("Get: got %d, %v, want 0, %v", rev, err, fs.ErrNotExist)
	}
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Errorf("Delete: got %v, want nil", err)
	}
	if _, err := s.Put(t.Context(), "a/b", nil, 7); !errors.Is(err, ErrConflict) {
		t.Errorf("Put: got %v, want %v", err, ErrConflict)
	}
	if keys, err := s.List(t.Context(), ""); len(keys) != 0 || err != nil {
		t.Errorf("List: got %q, %v, want none", keys, err)
	}
}

func compareAndSet(t *testing.T, s KV) {
	t.Helper()
	first := put(t, s, "k", "1", 0)
	second := put(t, s, "k", "2", first)
	if first == 0 || second == first {
		t.Errorf("revisions do not differ: %d, %d", first, second)
	}
	for _, rev := range []uint64{0, first, second + 1} {
		if _, err := s.Put(t.Context(), "k", []byte("x"), rev); !errors.Is(err, ErrConflict) {
			t.Errorf("Put on %d: got %v, want %v", rev, err, ErrConflict)
		}
	}
	val, rev, err := s.Get(t.Context(), "k")
	if string(val) != "2" || rev != second || err != nil {
		t.Errorf("got %q, %d, %v, want 2, %d", val, rev, err, second)
	}
}

func valuesComeBack(t *testing.T, s KV) {
	t.Helper()
	for _, want := range []string{
		"", "null", "0", `{"a": 1}`, `{"a":1}`, "{\"a\":\"<&>\u2028\"}", " {} ", "no json", "\x00\xff", `"\xff"`, "{\"x\":\"\xff\"}",
	} {
		_ = s.Delete(t.Context(), "k")
		in := []byte(want)
		if _, err := s.Put(t.Context(), "k", in, 0); err != nil {
			t.Fatal(err)
		}
		clear(in)
		val, _, err := s.Get(t.Context(), "k")
		if string(val) != want || err != nil {
			t.Errorf("got %q, %v, want %q", val, err, want)
		}
		clear(val)
		if again, _, _ := s.Get(t.Context(), "k"); string(again) != want {
			t.Errorf("a reader changed the store: got %q, want %q", again, want)
		}
	}
}

func madeAnew(t *testing.T, s KV) {
	t.Helper()
	first := put(t, s, "k", "1", 0)
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), "k"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted: got %v, want %v", err, fs.ErrNotExist)
	}
	if second := put(t, s, "k", "2", 0); second == first {
		t.Errorf("both lives of a key have revision %d", first)
	}
}

func listKeys(t *testing.T, s KV) {
	t.Helper()
	for _, k := range []string{"b", "a/x", "a/y", "a", "ab", "A", "a.json/x", "ü/..", "a/x/z"} {
		put(t, s, k, "1", 0)
	}
	for prefix, want := range map[string][]string{
		"a/":  {"a/x", "a/x/z", "a/y"},
		"a":   {"a", "a.json/x", "a/x", "a/x/z", "a/y", "ab"},
		"":    {"A", "a", "a.json/x", "a/x", "a/x/z", "a/y", "ab", "b", "ü/.."},
		"zzz": nil,
	} {
		got, err := s.List(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, append([]string(nil), got...)); d != "" {
			t.Errorf("List(%q) (-want +got):\n%s", prefix, d)
		}
	}
}

func badKeys(t *testing.T, s KV) {
	t.Helper()
	for _, key := range []string{"", "/", "a/", "/a", "a//b", strings.Repeat("a", 181), strings.Repeat("a/", 600) + "a"} {
		if _, err := s.Put(t.Context(), key, nil, 0); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Put(%.20q): got %v, want %v", key, err, fs.ErrInvalid)
		}
		if _, _, err := s.Get(t.Context(), key); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Get(%.20q): got %v, want %v", key, err, fs.ErrInvalid)
		}
		if _, _, err := s.Lock(t.Context(), key); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Lock(%.20q): got %v, want %v", key, err, fs.ErrInvalid)
		}
		if err := s.Delete(t.Context(), key); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Delete(%.20q): got %v, want %v", key, err, fs.ErrInvalid)
		}
	}
}

func lockExcludes(t *testing.T, s KV) {
	t.Helper()
	job, unlock, err := s.Lock(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "k", "the owner writes", 0)
	_, other, err := s.Lock(t.Context(), "another")
	if err != nil {
		t.Fatal(err)
	}
	other()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := s.Lock(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second Lock: got %v, want its deadline", err)
	}
	if job.Err() != nil {
		t.Error("the job ended before unlock")
	}
	unlock()
	unlock()
	if job.Err() == nil {
		t.Error("the job goes on after unlock")
	}
	_, again, err := s.Lock(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func endedContext(t *testing.T, s KV) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, getErr := s.Get(ctx, "k")
	_, putErr := s.Put(ctx, "k", nil, 0)
	_, listErr := s.List(ctx, "")
	_, _, lockErr := s.Lock(ctx, "k")
	for name, err := range map[string]error{
		"Get": getErr, "Put": putErr, "List": listErr, "Lock": lockErr, "Delete": s.Delete(ctx, "k"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
}

func writersRace(t *testing.T, s KV) {
	t.Helper()
	rev := put(t, s, "k", "0", 0)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 8 {
		wg.Go(func() {
			_, err := s.Put(t.Context(), "k", []byte("1"), rev)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, ErrConflict):
				t.Errorf("got %v, want %v", err, ErrConflict)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d writers won, want 1", won)
	}
}
