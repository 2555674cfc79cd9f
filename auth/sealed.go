package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// ErrSealed reports values that no given key opens.
var ErrSealed = errors.New("encrypted with another key")

// MinStoreKey is how many characters a store's key must have at least. It is used as it
// is, without a slow derivation: it has to be random, not a word.
const MinStoreKey = 20

// sealedStore encrypts what lies under some prefixes of another store, by AES-256-GCM.
// Each value has a key of its own, derived from the store's key and a random salt, and
// is bound to its name: values cannot change places.
type sealedStore struct {
	KV
	keys   []storeKey // the first seals, all open
	covers []string
}

var _ KV = (*sealedStore)(nil)

// storeKey is one STORE_KEY. Its id tells which key sealed a value.
type storeKey struct {
	id     string
	secret []byte
}

// sealed is a value as it lies in the store.
type sealed struct {
	Key  string `json:"sealed"` // the key's id
	Salt []byte `json:"salt"`
	Data []byte `json:"data"` // nonce and ciphertext
}

const (
	saltSize  = 16
	nonceSize = 12
)

// Seal encrypts everything below the prefixes in kv: what is there already too, whether
// it is plain or sealed by one of the former keys. Without a key, kv itself is returned
// if nothing in it is sealed. The error matches ErrSealed where a value needs a key
// that is not given; nothing is lost then.
func Seal(ctx context.Context, kv KV, secrets []Secret, prefixes ...string) (KV, error) {
	s := &sealedStore{KV: kv, covers: prefixes}
	for _, secret := range secrets {
		k, err := newStoreKey(secret)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, k)
	}
	for _, prefix := range prefixes {
		names, err := kv.List(ctx, prefix)
		if err != nil {
			return nil, fmt.Errorf("store: look for what is to be encrypted: %w", err)
		}
		for _, name := range names {
			if err := s.reseal(ctx, name); err != nil {
				return nil, err
			}
		}
	}
	if len(s.keys) == 0 {
		return kv, nil
	}
	return s, nil
}

func newStoreKey(secret Secret) (storeKey, error) {
	raw := []byte(secret.Reveal())
	id, err := hkdf.Key(sha256.New, raw, nil, "hub2mqtt store key id 1", 4)
	if err != nil {
		return storeKey{}, fmt.Errorf("store: key: %w", err)
	}
	return storeKey{hex.EncodeToString(id), raw}, nil
}

// reseal makes name's value one that the first key sealed. It is written twice, since
// the store keeps the version before the last.
func (s *sealedStore) reseal(ctx context.Context, name string) error {
	const tries = 5
	for range tries {
		raw, rev, err := s.KV.Get(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrDamaged):
			return nil // nothing to read: the next save replaces it
		case err != nil:
			return fmt.Errorf("store: %s: %w", name, err)
		}
		val, key, err := s.open(name, raw)
		if err != nil {
			return err
		}
		if len(s.keys) == 0 || key == s.keys[0].id {
			return nil
		}
		for range 2 {
			if rev, err = s.Put(ctx, name, val, rev); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrConflict) { // another process saved a newer one
			return err
		}
	}
	return fmt.Errorf("store: %s changes too often to be encrypted: %w", name, ErrConflict)
}

// Get opens what is sealed.
func (s *sealedStore) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	raw, rev, err := s.KV.Get(ctx, key)
	if err != nil || !s.covered(key) {
		return raw, rev, err
	}
	val, _, err := s.open(key, raw)
	return val, rev, err
}

// Put seals what is to be sealed.
func (s *sealedStore) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	if s.covered(key) {
		var err error
		if val, err = s.seal(key, val); err != nil {
			return 0, err
		}
	}
	return s.KV.Put(ctx, key, val, rev)
}

func (s *sealedStore) covered(key string) bool {
	return slices.ContainsFunc(s.covers, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

func (s *sealedStore) seal(name string, val []byte) ([]byte, error) {
	out := sealed{Key: s.keys[0].id, Salt: make([]byte, saltSize)}
	nonce := make([]byte, nonceSize, nonceSize+len(val)+saltSize)
	_, _ = rand.Read(out.Salt) // it never fails
	_, _ = rand.Read(nonce)
	box, err := s.keys[0].box(out.Salt)
	if err != nil {
		return nil, err
	}
	out.Data = box.Seal(nonce, nonce, val, []byte(name))
	return json.Marshal(out)
}

// open returns a value and the id of the key that sealed it; empty: it is plain.
func (s *sealedStore) open(name string, raw []byte) (val []byte, id string, err error) {
	var in sealed
	if plain := json.Unmarshal(raw, &in) != nil || in.Key == "" || in.Data == nil; plain {
		return raw, "", nil
	}
	for _, k := range s.keys {
		if k.id != in.Key {
			continue
		}
		box, err := k.box(in.Salt)
		if err != nil {
			return nil, "", err
		}
		if len(in.Data) < nonceSize {
			return nil, "", &DamageError{Key: name, Err: errors.New("the encrypted value is too short")}
		}
		val, err := box.Open(nil, in.Data[:nonceSize], in.Data[nonceSize:], []byte(name))
		if err != nil {
			return nil, "", &DamageError{Key: name, Err: errors.New("the encrypted value was changed")}
		}
		return val, k.id, nil
	}
	if len(s.keys) == 0 {
		return nil, "", fmt.Errorf("store: %s is encrypted and no key is given: set STORE_KEY as before: %w", name, ErrSealed)
	}
	return nil, "", fmt.Errorf("store: STORE_KEY does not open %s: to change the key, put the former one behind the new one, "+
		"separated by a blank, for one start: %w", name, ErrSealed)
}

func (k storeKey) box(salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, k.secret, salt, "hub2mqtt store value 1", 32)
	if err != nil {
		return nil, fmt.Errorf("store: key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("store: key: %w", err)
	}
	return cipher.NewGCM(block)
}
