package auth

import (
	"context"
	"errors"
	"fmt"
)

// KV is where everything durable lives: tokens, caches, counters, manifests. It is safe for concurrent use and honours
// contexts. A key is one or more words joined by "/", none of them empty; any other character is allowed.
type KV interface {
	// Get reports fs.ErrNotExist; rev tells one version of the value from another. The value is the caller's.
	Get(ctx context.Context, key string) (val []byte, rev uint64, err error)
	// Put writes only if the stored revision is still rev (0: not there), else ErrConflict. Any other error leaves
	// open whether the value was written.
	Put(ctx context.Context, key string, val []byte, rev uint64) (newRev uint64, err error)
	// Delete removes the value whatever its revision; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List returns the keys that begin with prefix, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
	// Lock spans a whole job, across processes. The job's context ends when the lock is lost or given back; unlock
	// may be called more than once.
	Lock(ctx context.Context, key string) (job context.Context, unlock func(), err error)
}

var (
	// ErrConflict reports a Put on a revision that is no longer the stored one.
	ErrConflict = errors.New("changed by somebody else")
	// ErrDamaged reports a value that is there but cannot be read. A Put with revision 0 replaces it.
	ErrDamaged = errors.New("stored value is damaged")
)

// DamageError tells which key is damaged and whether an older value took its place. It matches ErrDamaged.
type DamageError struct {
	Key       string
	Recovered bool // the previous version is used instead
	Err       error
}

// Error says which key is damaged and what became of it.
func (e *DamageError) Error() string {
	if e.Recovered {
		return fmt.Sprintf("store: %s is damaged, its previous version is used: %v", e.Key, e.Err)
	}
	return fmt.Sprintf("store: %s is damaged: %v", e.Key, e.Err)
}

// Is makes every DamageError match ErrDamaged.
func (e *DamageError) Is(target error) bool { return target == ErrDamaged }

// Unwrap returns what was wrong with the value.
func (e *DamageError) Unwrap() error { return e.Err }
