package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// maxEntry bounds what is read: a file of ours never gets near it.
const maxEntry = 64 << 20

// entry is one version of a value, as it lies in a file.
type entry struct {
	rev uint64
	val []byte
}

type fileEntry struct {
	Rev    uint64          `json:"rev"`
	Value  json.RawMessage `json:"value,omitempty"`  // JSON, readable
	Base64 []byte          `json:"base64,omitempty"` // anything that would not come back byte by byte
}

// encode keeps JSON readable where it can.
func (e entry) encode() []byte {
	if json.Valid(e.val) {
		b, err := marshal(fileEntry{Rev: e.rev, Value: e.val})
		if back, backErr := decodeEntry(b); err == nil && backErr == nil && bytes.Equal(back.val, e.val) {
			return b
		}
	}
	// Never nil: an empty value must not look like a missing one.
	b, err := marshal(struct {
		Rev    uint64 `json:"rev"`
		Base64 []byte `json:"base64"`
	}{e.rev, append([]byte{}, e.val...)})
	if err != nil {
		panic(err) // a number and bytes always encode
	}
	return b
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

func decodeEntry(b []byte) (entry, error) {
	var f fileEntry
	if err := json.Unmarshal(b, &f); err != nil {
		// json's own text may quote a piece of a secret.
		return entry{}, fmt.Errorf("no JSON (%d bytes): %w", len(b), ErrDamaged)
	}
	if f.Rev == 0 || (f.Value == nil) == (f.Base64 == nil) {
		return entry{}, fmt.Errorf("revision or value is missing: %w", ErrDamaged)
	}
	if f.Value != nil {
		return entry{f.Rev, f.Value}, nil
	}
	return entry{f.Rev, f.Base64}, nil
}

// readEntry reports fs.ErrNotExist, ErrDamaged, or what the system said.
func readEntry(path string) (entry, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return entry{}, err
	}
	if !info.Mode().IsRegular() {
		return entry{}, errors.New("is no regular file")
	}
	if info.Size() > maxEntry {
		return entry{}, fmt.Errorf("%d bytes: %w", info.Size(), ErrDamaged)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return entry{}, err
	}
	return decodeEntry(b)
}
