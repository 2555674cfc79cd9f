package tuya

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// cache keeps on disk what costs calls to find out. Nothing depends on it: what cannot
// be kept is read from the cloud again.
type cache struct {
	kv      auth.KV
	prefix  string
	log     zerolog.Logger
	failing atomic.Bool
}

func (c *cache) key(name string) string { return c.prefix + "/" + name }

// get fills into and reports whether there was anything that could be read.
func (c *cache) get(ctx context.Context, name string, into any) bool {
	raw, _, err := c.kv.Get(ctx, c.key(name))
	if err != nil {
		c.said(ctx, err)
		return false
	}
	return json.Unmarshal(raw, into) == nil
}

// put stores value in place of whatever was there.
func (c *cache) put(ctx context.Context, name string, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		c.said(ctx, err)
		return
	}
	const tries = 3 // another process may write at the same moment
	for range tries {
		var rev uint64
		if _, rev, err = c.kv.Get(ctx, c.key(name)); err != nil {
			rev = 0 // not there, or damaged and to be replaced
		}
		if _, err = c.kv.Put(ctx, c.key(name), raw, rev); !errors.Is(err, auth.ErrConflict) {
			break
		}
	}
	c.said(ctx, err)
}

// said tells once when the store fails, and once when it works again.
func (c *cache) said(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, auth.ErrDamaged) {
		return
	}
	if failing := err != nil; c.failing.Swap(failing) != failing {
		c.log.Warn().Err(err).Bool("failing", failing).
			Msg("what products are cannot be kept on disk: each start reads it from the cloud, which costs calls")
	}
}
