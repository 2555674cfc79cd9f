package auth

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
)

// MemStore is a KV that forgets everything when the process ends: for tests, and for runs that must leave no trace.
type MemStore struct {
	mu    sync.Mutex
	vals  map[string]memVal
	locks map[string]chan struct{}
	rev   uint64 // one counter for all keys: a deleted and remade key never shows an old revision
}

type memVal struct {
	val []byte
	rev uint64
}

var _ KV = (*MemStore)(nil)

// NewMemStore returns an empty store.
func NewMemStore() *MemStore {
	return &MemStore{vals: map[string]memVal{}, locks: map[string]chan struct{}{}}
}

// Get implements KV.
func (s *MemStore) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if err := checkKey(ctx, key); err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.vals[key]
	if !ok {
		return nil, 0, fmt.Errorf("store: %s: %w", key, fs.ErrNotExist)
	}
	return bytes.Clone(v.val), v.rev, nil
}

// Put implements KV.
func (s *MemStore) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	if err := checkKey(ctx, key); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.vals[key].rev != rev {
		return 0, fmt.Errorf("store: %s: %w", key, ErrConflict)
	}
	s.rev++
	s.vals[key] = memVal{append([]byte{}, val...), s.rev}
	return s.rev, nil
}

// Delete implements KV.
func (s *MemStore) Delete(ctx context.Context, key string) error {
	if err := checkKey(ctx, key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.vals, key)
	return nil
}

// List implements KV.
func (s *MemStore) List(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := slices.Sorted(maps.Keys(s.vals))
	return slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) }), nil
}

// Lock implements KV.
func (s *MemStore) Lock(ctx context.Context, key string) (context.Context, func(), error) {
	if err := checkKey(ctx, key); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	lock := s.locks[key]
	if lock == nil {
		lock = make(chan struct{}, 1)
		s.locks[key] = lock
	}
	s.mu.Unlock()
	select {
	case lock <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("store: wait for the lock of %s: %w", key, ctx.Err())
	}
	job, cancel := context.WithCancel(ctx)
	return job, sync.OnceFunc(func() { cancel(); <-lock }), nil
}

func checkKey(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := pathOf(key)
	return err
}
