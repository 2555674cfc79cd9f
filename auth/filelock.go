package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	lockRetryMin = time.Millisecond
	lockRetryMax = 50 * time.Millisecond
)

// Lock implements KV. It also finishes what a killed process left of this key. A lock of this kind is never lost: the
// job's context ends with ctx or with unlock.
func (s *FileStore) Lock(ctx context.Context, key string) (context.Context, func(), error) {
	name, err := pathOf(key)
	if err != nil {
		return nil, nil, err
	}
	release, err := s.lockFile(ctx, name, ".job")
	if err != nil {
		return nil, nil, fmt.Errorf("store: lock %s: %w", key, err)
	}
	if err := s.settle(ctx, name); err != nil {
		release()
		return nil, nil, fmt.Errorf("store: lock %s: finish the last save: %w", key, err)
	}
	job, cancel := context.WithCancel(ctx)
	return job, sync.OnceFunc(func() { cancel(); release() }), nil
}

// writeLock guards one write. It is another lock than a job's, as the job's owner writes too.
func (s *FileStore) writeLock(ctx context.Context, name string) (func(), error) {
	release, err := s.lockFile(ctx, name, ".put")
	if err != nil {
		return nil, fmt.Errorf("store: lock for writing: %w", err)
	}
	return release, nil
}

// lockFile opens the lock file anew each time: such a lock belongs to the opening, so it also parts two goroutines. It
// asks again instead of waiting in the kernel, which knows no contexts. Lock files stay: removing one under a waiter
// would let two in.
func (s *FileStore) lockFile(ctx context.Context, name, suffix string) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, lockFolder, filepath.FromSlash(name)+suffix)
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeFolder(filepath.Dir(path)); err == nil {
			f, err = os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600)
		}
	}
	if err != nil {
		return nil, hint(err)
	}
	for wait := lockRetryMin; ; wait = min(wait*2, lockRetryMax) {
		err := flock(f)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = f.Close()
			return nil, hint(err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			_ = f.Close()
			return nil, ctx.Err()
		}
	}
}

// flock tries once. It ends when f is closed or the process dies.
func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// makeFolder makes dir and what is missing above it, and flushes the folder that got the new entry.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

// syncFolder makes new names durable. Some file systems refuse to flush a folder; there is nothing better then.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
