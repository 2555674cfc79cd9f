package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	keyOne = Secret("one-key-of-thirty-two-characters")
	keyTwo = Secret("two-key-of-thirty-two-characters")
)

func sealOver(t *testing.T, kv KV, keys ...Secret) KV {
	t.Helper()
	s, err := Seal(t.Context(), kv, keys, "tokens/")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func putNow(t *testing.T, kv KV, key, val string) {
	t.Helper()
	_, rev, err := kv.Get(t.Context(), key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), key, []byte(val), rev); err != nil {
		t.Fatal(err)
	}
}

func wantValue(t *testing.T, kv KV, key, val string) {
	t.Helper()
	if got, _, err := kv.Get(t.Context(), key); err != nil || string(got) != val {
		t.Errorf("%s: want %s, got %s, %v", key, val, got, err)
	}
}

// onDisk tells whether text stands anywhere in the folder.
func onDisk(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSealedStore(t *testing.T) {
	dir := t.TempDir()
	files, err := OpenFileStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	const first, second = `{"access":"first-canary"}`, `{"access":"second-canary"}`
	putNow(t, files, "tokens/aqara", `{"access":"older-canary"}`)
	putNow(t, files, "tokens/aqara", first)
	putNow(t, files, "manifest/aqara", `{"devices":{}}`)

	one := sealOver(t, files, keyOne)
	wantValue(t, one, "tokens/aqara", first)
	wantValue(t, one, "manifest/aqara", `{"devices":{}}`)
	if found := append(onDisk(t, dir, "first-canary"), onDisk(t, dir, "older-canary")...); len(found) > 0 {
		t.Errorf("a token that was plain still is, in %q", found)
	}
	putNow(t, one, "tokens/aqara", second)
	putNow(t, one, "tokens/tuya", "not JSON")
	wantValue(t, one, "tokens/aqara", second)
	wantValue(t, one, "tokens/tuya", "not JSON")
	if found := append(onDisk(t, dir, "second-canary"), onDisk(t, dir, "not JSON")...); len(found) > 0 {
		t.Errorf("plain in %q", found)
	}
	wantValue(t, sealOver(t, files, keyOne), "tokens/aqara", second)

	for name, keys := range map[string][]Secret{"another key": {keyTwo}, "no key": nil} {
		_, err := Seal(t.Context(), files, keys, "tokens/")
		if !errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), "STORE_KEY") || strings.Contains(err.Error(), "one-key") {
			t.Errorf("%s: want a clear fault, got %v", name, err)
		}
	}
	two := sealOver(t, files, keyTwo, keyOne) // the key is changed
	wantValue(t, two, "tokens/aqara", second)
	wantValue(t, sealOver(t, files, keyTwo), "tokens/tuya", "not JSON")
	if _, err := Seal(t.Context(), files, []Secret{keyOne}, "tokens/"); !errors.Is(err, ErrSealed) {
		t.Errorf("want the former key to open nothing, got %v", err)
	}
}

func TestSealedValuesKeepTheirPlaces(t *testing.T) {
	kv := NewMemStore()
	s := sealOver(t, kv, keyOne)
	putNow(t, s, "tokens/a", `{"access":"a"}`)
	putNow(t, s, "tokens/b", `{"access":"b"}`)
	raw, _, _ := kv.Get(t.Context(), "tokens/a")
	_, rev, _ := kv.Get(t.Context(), "tokens/b")
	if _, err := kv.Put(t.Context(), "tokens/b", raw, rev); err != nil {
		t.Fatal(err)
	}
	if val, _, err := s.Get(t.Context(), "tokens/b"); !errors.Is(err, ErrDamaged) {
		t.Errorf("want a value in another's place refused, got %s, %v", val, err)
	}
	var in sealed
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*sealed){
		"changed": func(s *sealed) { s.Data[len(s.Data)-1] ^= 1 },
		"short":   func(s *sealed) { s.Data = s.Data[:3] },
		"salt":    func(s *sealed) { s.Salt = nil },
	} {
		bad := in
		bad.Data = bytes.Clone(in.Data)
		change(&bad)
		text, _ := json.Marshal(bad)
		putNow(t, kv, "tokens/c", string(text))
		if _, _, err := s.Get(t.Context(), "tokens/c"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: want ErrDamaged, got %v", name, err)
		}
	}
}

// Two processes may start at once with a new key: neither loses what the other saved.
func TestSealingMeetsAnotherProcess(t *testing.T) {
	kv := &meddling{KV: NewMemStore()}
	putNow(t, kv, "tokens/a", `{"access":"old"}`)
	kv.once = func() { putNow(t, kv.KV, "tokens/a", `{"access":"new"}`) }
	wantValue(t, sealOver(t, kv, keyOne), "tokens/a", `{"access":"new"}`)
}

// meddling changes a value between a read and a write.
type meddling struct {
	KV
	once func()
}

func (m *meddling) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	if do := m.once; do != nil {
		m.once = nil
		do()
	}
	return m.KV.Put(ctx, key, val, rev)
}
