package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

func TestStoreKey(t *testing.T) {
	const one, two = "0123456789abcdefghijABCDEFGHIJ", "zyxwvutsrqponmlkjihgZYXWVUTSRQ"
	dir := t.TempDir()
	open := func(key string) (auth.KV, error) {
		s := &settings{variables: variables{DataDir: dir, StoreKey: auth.Secret(key)}}
		var faults []string
		s.checkStore(func(format string, _ ...any) { faults = append(faults, format) })
		if len(faults) > 0 {
			t.Fatalf("%q", faults)
		}
		return openStore(t.Context(), s, zerolog.Nop())
	}
	has := func(kv auth.KV, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if val, _, err := kv.Get(t.Context(), "tokens/aqara/studio"); err != nil || string(val) != `{"access":"canary"}` {
			t.Errorf("got %s, %v", val, err)
		}
	}
	plain, err := open("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Put(t.Context(), "tokens/aqara/studio", []byte(`{"access":"canary"}`), 0); err != nil {
		t.Fatal(err)
	}
	has(open(one))
	has(open(one))
	if _, err := open(two); !errors.Is(err, auth.ErrSealed) || !strings.Contains(err.Error(), "STORE_KEY") {
		t.Errorf("want a clear fault, got %v", err)
	}
	if _, err := open(""); !errors.Is(err, auth.ErrSealed) {
		t.Errorf("want a clear fault, got %v", err)
	}
	has(open(two + "\n" + one))
	has(open(two))
}
