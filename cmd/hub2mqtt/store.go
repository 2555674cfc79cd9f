package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// secretKeys are where in the store tokens are, and logins under way: what STORE_KEY
// encrypts.
func secretKeys() []string { return []string{"tokens/", "logins/"} }

// openStore opens what DATA_DIR holds, its tokens encrypted if STORE_KEY says so.
func openStore(ctx context.Context, s *settings, log zerolog.Logger) (auth.KV, error) {
	files, err := auth.OpenFileStore(s.DataDir) //nolint:contextcheck // files have none
	if err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	files.Warn = func(e *auth.DamageError) { log.Warn().Err(e).Msg("a file in DATA_DIR is damaged") }
	store, err := auth.Seal(ctx, files, s.storeKeys(), secretKeys()...)
	if err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	return store, nil
}

// storeKeys are the keys of STORE_KEY: the one that encrypts, and former ones.
func (s *settings) storeKeys() []auth.Secret {
	var keys []auth.Secret
	for k := range strings.FieldsSeq(s.StoreKey.Reveal()) {
		keys = append(keys, auth.Secret(k))
	}
	return keys
}

func (s *settings) checkStore(fault faulter) {
	if s.StoreURL != "" && !strings.HasPrefix(s.StoreURL, "file:") {
		fault("STORE_URL: this version keeps its store in files under DATA_DIR only")
	}
	for _, k := range s.storeKeys() {
		if len(k.Reveal()) < auth.MinStoreKey {
			fault("STORE_KEY: a key has fewer than %d characters: make a random one, for example with: openssl rand -base64 32", auth.MinStoreKey)
		}
	}
}
