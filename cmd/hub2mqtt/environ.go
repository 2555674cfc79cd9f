package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/joho/godotenv"
	"github.com/kelseyhightower/envconfig"
)

// environ is the settings as text: the process environment over a .env file. Any X
// may be given as X_FILE, the path of a file that holds the value.
type environ struct {
	vars map[string]string

	mu   sync.Mutex
	last map[string]string // what files held when they could be read
}

// readEnviron takes the file (empty: none) and the process environment, which wins.
// What is set but empty counts as unset: compose files write X: ${X:-}.
func readEnviron(file string, process []string) (*environ, error) {
	vars := map[string]string{}
	if file != "" {
		read, err := readEnvFile(file)
		if err != nil {
			return nil, fmt.Errorf("--env-file: %w", err)
		}
		maps.Copy(vars, read)
	}
	for _, line := range process {
		name, value, _ := strings.Cut(line, "=")
		if value != "" {
			vars[name] = value
		}
	}
	maps.DeleteFunc(vars, func(_, v string) bool { return v == "" })
	return &environ{vars: vars, last: map[string]string{}}, nil
}

// readEnvFile reads a .env file. The library's own errors quote the line and what
// follows, secrets and all: only where it went wrong is told.
func readEnvFile(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	read, err := godotenv.UnmarshalBytes(raw)
	if err == nil {
		return read, nil
	}
	good, lines := 0, strings.SplitAfter(string(raw), "\n")
	for n := range lines { // a value may span lines: what counts is the last point up to which all was well
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			good = n
		}
	}
	return nil, fmt.Errorf("%s: what begins in line %d is not of the form NAME=value, or a quote in it does not end", path, good+1)
}

// get reads one variable, from its file if it has one. A file that cannot be read is
// an error, and value is then what it held last.
func (e *environ) get(name string) (value string, err error) {
	value, direct := e.vars[name]
	path, filed := e.vars[name+"_FILE"]
	switch {
	case direct && filed:
		return value, fmt.Errorf("%s and %s_FILE are both set: keep one", name, name)
	case !filed:
		return value, nil
	}
	raw, err := os.ReadFile(path)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		return e.last[name], fmt.Errorf("%s_FILE: %w", name, err)
	}
	e.last[name] = strings.TrimRight(string(raw), "\r\n")
	return e.last[name], nil
}

// under lists the variables that begin with prefix, _FILE cut.
func (e *environ) under(prefix string) []string {
	names := map[string]bool{}
	for name := range e.vars {
		if strings.HasPrefix(name, prefix) {
			names[strings.TrimSuffix(name, "_FILE")] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// decoding guards the process environment, through which envconfig reads.
var decoding sync.Mutex //nolint:gochecknoglobals // it guards a global

// decode fills a struct of texts from the variables PREFIX_…, reading files anew.
// envconfig knows only the process environment, stops at the first fault and prints
// the value that it met; so it is handed resolved texts, for as long as it reads,
// and everything that could be wrong with a text is checked elsewhere.
func (e *environ) decode(prefix string, into any) error {
	var faults []error
	decoding.Lock()
	defer decoding.Unlock()
	for _, name := range variablesOf(prefix, into) {
		value, err := e.get(name)
		if err != nil {
			faults = append(faults, err)
		}
		restore := setenv(name, value)
		defer restore()
	}
	if err := envconfig.Process(strings.TrimSuffix(prefix, "_"), into); err != nil {
		if pe, ok := errors.AsType[*envconfig.ParseError](err); ok {
			err = fmt.Errorf("%s: not a %s", pe.KeyName, pe.TypeName)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// setenv sets name, or takes it away where value is empty, and returns what undoes it.
func setenv(name, value string) (restore func()) {
	old, was := os.LookupEnv(name)
	if value == "" {
		_ = os.Unsetenv(name)
	} else {
		_ = os.Setenv(name, value)
	}
	return func() {
		if was {
			_ = os.Setenv(name, old)
			return
		}
		_ = os.Unsetenv(name)
	}
}

// variablesOf names the variables that the fields of a struct are filled from.
func variablesOf(prefix string, into any) []string {
	t := reflect.TypeOf(into).Elem()
	names := make([]string, 0, t.NumField())
	for f := range t.Fields() {
		name := f.Tag.Get("envconfig")
		if name == "" {
			name = upperSnake(f.Name)
		}
		names = append(names, prefix+name)
	}
	return names
}

// upperSnake turns AccessToken into ACCESS_TOKEN and APIKey into API_KEY, as
// envconfig's split_words does.
func upperSnake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	upper := func(i int) bool { return i >= 0 && i < len(rs) && rs[i] >= 'A' && rs[i] <= 'Z' }
	for i, r := range rs {
		if i > 0 && upper(i) && (!upper(i-1) || i+1 < len(rs) && !upper(i+1)) {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// hubSettings is one hub's part of the environment.
type hubSettings struct {
	env    *environ
	prefix string
}

// Decode fills a struct from the hub's variables.
func (s hubSettings) Decode(into any) error { return s.env.decode(s.prefix, into) }
