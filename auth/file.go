package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	valueSuffix = ".json"
	prevSuffix  = ".prev"
	tempSuffix  = ".tmp"
	lockFolder  = ".locks"
)

// FileStore is a KV of one JSON file per key. Files are 0600 in folders of 0700, a write is whole or not there, and the
// version before the last stays beside it. It is safe within a process and across processes of one machine.
type FileStore struct {
	dir string
	// Warn, if set before use, is told of damage that Get worked around, once per key.
	Warn func(*DamageError)

	warned sync.Map
	step   func(string) // tests stop the process between any two system calls of a save
}

var _ KV = (*FileStore)(nil)

// OpenFileStore makes the folder if need be and proves that it can be written, flushed and locked: a read-only or full
// disk is said at start, not when a token has to be saved. It finishes what a killed process left half done.
func OpenFileStore(dir string) (*FileStore, error) {
	s := &FileStore{dir: dir, step: func(string) {}}
	if err := s.tryOut(); err != nil {
		return nil, fmt.Errorf("store: folder %s cannot hold tokens: %w", dir, hint(err))
	}
	names, err := s.names(tempSuffix)
	if err != nil {
		return nil, fmt.Errorf("store: read folder %s: %w", dir, err)
	}
	for _, name := range names {
		if _, ok := keyOf(name); !ok {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
		err := s.settle(ctx, name)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("store: finish the last save of %s: %w", name, err)
		}
	}
	return s, nil
}

func (s *FileStore) tryOut() error {
	if err := makeFolder(filepath.Join(s.dir, lockFolder)); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, lockFolder), "try-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(make([]byte, 8<<10)) // more than a token needs: a full disk often takes an empty file
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = flock(f)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return syncFolder(s.dir)
}

// hint adds what people can do.
func hint(err error) error {
	for _, h := range []struct {
		errno syscall.Errno
		text  string
	}{
		{syscall.EROFS, "it is on a read-only file system; mount it writable or choose another folder"},
		{syscall.ENOSPC, "the disk is full; make room"},
		{syscall.EDQUOT, "the disk quota is used up; make room"},
		{syscall.EACCES, "the user of this process may not write there; change the folder's owner"},
		{syscall.EPERM, "the user of this process may not write there; change the folder's owner"},
		{syscall.ENOTDIR, "a part of the path is a file"},
		{syscall.ENOLCK, "its file system has no locks; choose a local one"},
		{syscall.ENOTSUP, "its file system has no locks; choose a local one"},
	} {
		if errors.Is(err, h.errno) {
			return fmt.Errorf("%s: %w", h.text, err)
		}
	}
	return err
}

// Get implements KV. If the file is damaged its previous version is returned, and Warn told; ErrDamaged is reported if
// that is unreadable too.
func (s *FileStore) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	name, err := pathOf(key)
	if err != nil {
		return nil, 0, err
	}
	e, err := s.read(name, key)
	return e.val, e.rev, err
}

func (s *FileStore) read(name, key string) (entry, error) {
	e, err := readEntry(s.path(name, valueSuffix))
	if err == nil {
		return e, nil
	}
	if errors.Is(err, fs.ErrNotExist) || !errors.Is(err, ErrDamaged) {
		return entry{}, fmt.Errorf("store: %s: %w", key, err)
	}
	prev, prevErr := readEntry(s.path(name, prevSuffix))
	damage := &DamageError{Key: key, Recovered: prevErr == nil, Err: err}
	if prevErr != nil {
		return entry{}, damage
	}
	if _, told := s.warned.LoadOrStore(key, true); !told && s.Warn != nil {
		s.Warn(damage)
	}
	prev.rev++ // the lost one's, so that who read it before the damage may still replace it
	return prev, nil
}

// Put implements KV.
func (s *FileStore) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	name, err := pathOf(key)
	if err != nil {
		return 0, err
	}
	unlock, err := s.writeLock(ctx, name)
	if err != nil {
		return 0, err
	}
	defer unlock()
	s.step("locked")
	old, err := s.read(name, key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrDamaged) {
		return 0, err
	}
	if old.rev != rev {
		return 0, fmt.Errorf("store: %s: %w", key, ErrConflict)
	}
	next := entry{rev: rev + 1, val: val}
	if rev == 0 {
		// Not 1: a key that was deleted and made anew must not show a revision that somebody still remembers.
		next.rev = uint64(time.Now().UnixMicro())
	}
	if err := s.write(name, old, next); err != nil {
		return 0, fmt.Errorf("store: save %s: %w", key, hint(err))
	}
	s.warned.Delete(key)
	return next.rev, nil
}

// write replaces old by next. From the moment the temporary file is complete, next survives a killed process: settle
// finds it.
func (s *FileStore) write(name string, old, next entry) error {
	target, temp, prev := s.path(name, valueSuffix), s.path(name, tempSuffix), s.path(name, prevSuffix)
	if err := makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	for _, p := range []string{target, prev} {
		if info, err := os.Lstat(p); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no regular file and is not replaced", p)
		}
	}
	s.step("folder")
	if err := s.writeFile(temp, "new", next.encode()); err != nil {
		_ = os.Remove(temp)
		return err
	}
	if old.rev != 0 {
		// A copy and no second link: a link would share the fate of the file's blocks.
		if err := s.writeFile(prev+tempSuffix, "previous", old.encode()); err != nil {
			_ = os.Remove(temp)
			return err
		}
		if err := os.Rename(prev+tempSuffix, prev); err != nil {
			_ = os.Remove(temp)
			return err
		}
		s.step("previous kept")
	}
	s.step("rename")
	if err := os.Rename(temp, target); err != nil {
		_ = os.Remove(temp)
		return err
	}
	s.step("flush folder")
	return syncFolder(filepath.Dir(target))
}

// writeFile makes path anew. What lies there is a leftover, as its name is ours and the write lock is held.
func (s *FileStore) writeFile(path, what string, b []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.step(what + " created")
	err = f.Chmod(0o600) // an odd umask must not matter
	s.step(what + " mode")
	if err == nil {
		_, err = f.Write(b)
	}
	s.step(what + " written")
	if err == nil {
		err = f.Sync()
	}
	s.step(what + " flushed")
	return errors.Join(err, f.Close())
}

// settle finishes or forgets what a killed process left of a save. A complete temporary file that follows the present
// one is what it meant to save: a token may be in it that exists nowhere else.
func (s *FileStore) settle(ctx context.Context, name string) error {
	temp := s.path(name, tempSuffix)
	if _, err := os.Lstat(temp); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := s.writeLock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	next, err := readEntry(temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its writer was alive and has finished
	}
	now, nowErr := readEntry(s.path(name, valueSuffix))
	meant := errors.Is(nowErr, fs.ErrNotExist) || errors.Is(nowErr, ErrDamaged) || (nowErr == nil && next.rev == now.rev+1)
	if err != nil || !meant {
		return os.Remove(temp)
	}
	if err := os.Rename(temp, s.path(name, valueSuffix)); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(temp))
}

// Delete implements KV. The previous version goes first, so that nothing comes back.
func (s *FileStore) Delete(ctx context.Context, key string) error {
	name, err := pathOf(key)
	if err != nil {
		return err
	}
	unlock, err := s.writeLock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	for _, suffix := range []string{tempSuffix, prevSuffix, valueSuffix} {
		if err := os.Remove(s.path(name, suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: delete %s: %w", key, err)
		}
	}
	if err := syncFolder(filepath.Dir(s.path(name, valueSuffix))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: delete %s: %w", key, err)
	}
	return nil
}

// List implements KV.
func (s *FileStore) List(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	names, err := s.names(valueSuffix)
	if err != nil {
		return nil, fmt.Errorf("store: list: %w", err)
	}
	var keys []string
	for _, name := range names {
		if key, ok := keyOf(name); ok && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// names lists the paths of files with a suffix, without it.
func (s *FileStore) names(suffix string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == lockFolder && filepath.Dir(path) == filepath.Clean(s.dir):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, suffix):
			return nil
		}
		rel, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		names = append(names, strings.TrimSuffix(filepath.ToSlash(rel), suffix))
		return nil
	})
	return names, err
}

func (s *FileStore) path(name, suffix string) string {
	return filepath.Join(s.dir, filepath.FromSlash(name)+suffix)
}
