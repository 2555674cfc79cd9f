package auth

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFilesAreOursAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "new", "store")
	s := openStore(t, dir)
	rev := put(t, s, "tokens/hub", `{"a":1}`, 0)
	put(t, s, "tokens/hub", `{"a":2}`, rev)
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "tokens", "hub.json"))
	if err != nil || !strings.Contains(string(b), `"value":{"a":2}`) {
		t.Errorf("got %q, %v, want readable JSON", b, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "tokens", "*.tmp")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestDamagedFile(t *testing.T) {
	for name, junk := range map[string]string{
		"empty": "", "cut": `{"rev":1,"val`, "zeros": "\x00\x00\x00", "no value": `{"rev":4}`, "no revision": `{"value":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir)
			var told []*DamageError
			s.Warn = func(e *DamageError) { told = append(told, e) }
			first := put(t, s, "k", `"old"`, 0)
			second := put(t, s, "k", `"new"`, first)
			damage := func(suffix string) {
				if err := os.WriteFile(filepath.Join(dir, "k"+suffix), []byte(junk), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			damage(".json")
			for range 2 {
				val, rev, err := s.Get(t.Context(), "k")
				if string(val) != `"old"` || rev != second || err != nil {
					t.Errorf("got %s, %d, %v, want the previous value on %d", val, rev, err, second)
				}
			}
			if len(told) != 1 || !told[0].Recovered || told[0].Key != "k" {
				t.Errorf("told %v, want once", told)
			}
			damage(".prev")
			if _, rev, err := s.Get(t.Context(), "k"); !errors.Is(err, ErrDamaged) || errors.Is(err, fs.ErrNotExist) || rev != 0 {
				t.Errorf("both damaged: got %d, %v, want 0, %v", rev, err, ErrDamaged)
			}
			put(t, s, "k", `"repaired"`, 0)
			if val, _, err := s.Get(t.Context(), "k"); string(val) != `"repaired"` || err != nil {
				t.Errorf("got %s, %v", val, err)
			}
		})
	}
}

func TestNoRegularFileIsReplaced(t *testing.T) {
	for _, name := range []string{"k.json", "k.prev"} {
		dir := t.TempDir()
		s := openStore(t, dir)
		rev := put(t, s, "k", "1", 0)
		target := filepath.Join(dir, "elsewhere")
		if err := os.WriteFile(target, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		_ = os.Remove(path)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		for _, rev := range []uint64{0, rev} {
			if _, err := s.Put(t.Context(), "k", []byte("2"), rev); err == nil {
				t.Errorf("%s: a link was replaced", name)
			}
		}
		if b, err := os.ReadFile(target); string(b) != "mine" || err != nil {
			t.Errorf("%s: what the link points to became %q, %v", name, b, err)
		}
	}
}

func TestUnusableFolders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ dir, want string }{
		"a file": {file, "a part of the path is a file"},
		"under":  {filepath.Join(file, "x"), "a part of the path is a file"},
		"procfs": {"/proc/store", "cannot hold tokens"},
		"full":   {"/dev/full/x", "a part of the path is a file"},
		"no dir": {"/sys/store", "cannot hold tokens"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := OpenFileStore(tt.dir); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestHints(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.EROFS: "read-only", syscall.ENOSPC: "full", syscall.EACCES: "owner", syscall.ENOLCK: "locks",
	} {
		err := hint(&fs.PathError{Op: "open", Path: "x", Err: errno})
		if !strings.Contains(err.Error(), want) || !errors.Is(err, errno) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := hint(errDown); !errors.Is(err, errDown) || err.Error() != errDown.Error() {
		t.Errorf("got %v, want it unchanged", err)
	}
}

// TestLeftovers: what a killed process left is finished if it is whole and next, else forgotten, by Open and by Lock.
func TestLeftovers(t *testing.T) {
	tests := map[string]struct {
		add  uint64
		junk string
		want string
	}{
		"whole and next": {1, "", `"left"`},
		"stale":          {0, "", `"kept"`},
		"from nowhere":   {5, "", `"kept"`},
		"half":           {1, `{"rev":`, `"kept"`},
	}
	finish := map[string]func(t *testing.T, s *FileStore){
		"open": func(t *testing.T, s *FileStore) { t.Helper(); openStore(t, s.dir) },
		"lock": func(t *testing.T, s *FileStore) {
			t.Helper()
			_, unlock, err := s.Lock(t.Context(), "a/k")
			if err != nil {
				t.Fatal(err)
			}
			unlock()
		},
	}
	for how, fin := range finish {
		for name, tt := range tests {
			t.Run(how+"/"+name, func(t *testing.T) {
				s := openStore(t, t.TempDir())
				rev := put(t, s, "a/k", `"kept"`, 0)
				b := (entry{rev + tt.add, []byte(`"left"`)}).encode()
				if tt.junk != "" {
					b = []byte(tt.junk)
				}
				temp := s.path("a/k", tempSuffix)
				if err := os.WriteFile(temp, b, 0o600); err != nil {
					t.Fatal(err)
				}
				fin(t, s)
				if val, _, err := s.Get(t.Context(), "a/k"); string(val) != tt.want || err != nil {
					t.Errorf("got %s, %v, want %s", val, err, tt.want)
				}
				if _, err := os.Lstat(temp); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the leftover is still there: %v", err)
				}
			})
		}
	}
}

func TestTwoOpeningsExclude(t *testing.T) {
	dir := t.TempDir()
	a, b := openStore(t, dir), openStore(t, dir)
	_, unlock, err := a.Lock(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, release, err := b.Lock(context.WithoutCancel(t.Context()), "k")
		if err == nil {
			release()
		}
		got <- err
	}()
	select {
	case err := <-got:
		t.Errorf("two hold the lock: %v", err)
	default:
	}
	unlock()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func FuzzPathOf(f *testing.F) {
	for _, s := range []string{"tokens/aqara", "../../etc/passwd", "a/../b", "A", "a", ".", "..", "a%2fb", "a.json", ".locks/x", "ü", "a\x00b", "a//b"} {
		f.Add(s, "tokens/aqara")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		pa, err := pathOf(a)
		if err != nil {
			return
		}
		if !filepath.IsLocal(pa) || strings.ContainsAny(pa, ".\\\x00") || strings.ToLower(pa) != pa {
			t.Errorf("%q becomes %q", a, pa)
		}
		if back, ok := keyOf(pa); !ok || back != a {
			t.Errorf("%q comes back as %q, %v", a, back, ok)
		}
		if pb, err := pathOf(b); err == nil && pa == pb && a != b {
			t.Errorf("%q and %q share %q", a, b, pa)
		}
		if key, ok := keyOf(a); ok {
			if p, err := pathOf(key); err != nil || p != a {
				t.Errorf("path %q is said to be key %q, whose path is %q, %v", a, key, p, err)
			}
		}
	})
}

func FuzzEntry(f *testing.F) {
	for _, s := range []string{`{"rev":1,"value":{"a":1}}`, `{"rev":2,"base64":"AA=="}`, `{"rev":1,"base64":""}`, "", "null", `{"rev":0}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := decodeEntry(b); err == nil && e.rev == 0 {
			t.Error("an entry without revision")
		}
		e := entry{rev: 3, val: b}
		got, err := decodeEntry(e.encode())
		if err != nil || got.rev != 3 || string(got.val) != string(b) {
			t.Errorf("got %q, %d, %v, want %q", got.val, got.rev, err, b)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"access":"a","refresh":"r","issued":"2026-01-01T00:00:00Z","extra":{"uid":"1"},"pending":{"token":"x"}}`))
	f.Add([]byte(`{"access":7}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := decodeRecord(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want %v", err, ErrDamaged)
			}
			return
		}
		out, err := rec.encode()
		if err != nil {
			return // a time beyond year 9999
		}
		if again, err := decodeRecord(out); err != nil || !again.token().same(rec.token()) {
			t.Errorf("%s: not the same again: %v", b, err)
		}
	})
}
