package tuya

import (
	_ "embed"
	"sync"
)

//go:embed overrides.yaml
var overridesFile []byte

// fixes are the products whose specification is wrong, by product id. A test holds that
// the file has no fault.
var fixes = sync.OnceValue(func() map[string]fix {
	all, _ := parseFixes(overridesFile)
	return all
})
