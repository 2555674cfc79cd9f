package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/joho/godotenv"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// HUBS_DIR holds one NAME.env a hub: VENDOR and the hub's variables without prefix.
// Files may come, change and go at run time. A file with faults concerns its own hub
// alone, which then stays as it is.

const (
	hubsDirEvery  = 2 * time.Second
	hubFileSuffix = ".env"
	maxHubFile    = 1 << 20
)

// fileSum tells one content of a file from another.
type fileSum [sha256.Size]byte

// hubFile is one file as it lies there.
type hubFile struct {
	name string
	text string
	sum  fileSum
}

// listHubs reads all files of dir, by hub. The error is the folder's.
func listHubs(dir string) (map[string]hubFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("HUBS_DIR: %w", err)
	}
	files := map[string]hubFile{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), hubFileSuffix)
		if !ok || strings.HasPrefix(name, ".") { // editors' and orchestrators' own
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // mounted secrets are links
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxHubFile {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, fmt.Errorf("HUBS_DIR: %w", err)
		}
		files[name] = hubFile{name: name, text: string(raw), sum: sha256.Sum256(raw)}
	}
	return files, nil
}

// setting checks what the file says; all its faults are joined in the error.
func (f hubFile) setting(known []hubs.Vendor) (hubSetting, []string, error) {
	vars, err := godotenv.Unmarshal(f.text)
	if err != nil {
		return hubSetting{}, nil, errors.New("cannot be read: it holds lines such as VENDOR=aqara") // the parser quotes what it meets
	}
	vendor := vars["VENDOR"]
	delete(vars, "VENDOR")
	maps.DeleteFunc(vars, func(_, v string) bool { return v == "" })
	if why := badHubName(f.name); why != "" {
		return hubSetting{}, nil, fmt.Errorf("the name %q %s", f.name, why)
	}
	i := slices.IndexFunc(known, func(v hubs.Vendor) bool { return v.Name == vendor })
	if i < 0 {
		return hubSetting{}, nil, fmt.Errorf("VENDOR: %q is no vendor; known: %s", vendor, vendorNames(known))
	}
	var (
		s      settings
		faults []error
		env    = &environ{vars: vars, last: map[string]string{}}
	)
	s.readHub(hubSetting{name: f.name, env: env, sum: f.sum, vendor: known[i], pace: known[i].Pace, push: true},
		func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) })
	if err := errors.Join(faults...); err != nil {
		return hubSetting{}, nil, err
	}
	h := s.hubs[0]
	typos := slices.DeleteFunc(env.under(""), func(name string) bool { return slices.Contains(h.variables(), name) })
	return h, typos, nil
}

// readHubsDir reads the folder at start. Only the folder itself can be a fault of the
// settings: what is wrong with one hub's file must not keep the others from running.
func (s *settings) readHubsDir(known []hubs.Vendor, fault faulter) {
	s.badFiles = map[string]error{}
	if s.HubsDir == "" {
		return
	}
	files, err := listHubs(s.HubsDir)
	if err != nil {
		fault("%w: make the folder, or leave HUBS_DIR out", err)
		return
	}
	taken := s.taken()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h, typos, err := files[name].setting(known)
		if taken[name] {
			err = errTaken
		}
		if err != nil {
			s.badFiles[name] = err
			continue
		}
		for _, t := range typos {
			s.warnings = append(s.warnings, name+hubFileSuffix+": "+t)
		}
		s.hubs = append(s.hubs, h)
	}
}

var errTaken = errors.New("HUBS names a hub of the same name, which goes first")

// taken are the names of HUBS.
func (s *settings) taken() map[string]bool {
	names := map[string]bool{}
	for _, h := range s.hubs {
		names[h.name] = h.prefix != ""
	}
	return names
}

// newHubsDir goes on from what was read at start.
func newHubsDir(s *settings, hh *household, log zerolog.Logger) *hubsDir {
	d := &hubsDir{
		dir: s.HubsDir, known: vendors(), taken: s.taken(), log: log, set: hh.set, drop: hh.drop,
		runs: map[string]fileSum{}, seen: map[string]fileSum{}, judged: map[string]fileSum{},
	}
	for _, h := range s.hubs {
		if h.prefix == "" {
			d.runs[h.name] = h.sum
		}
	}
	for name := range s.badFiles { // said at the first look; the hub may stand on the broker from an earlier run
		d.runs[name] = fileSum{}
	}
	return d
}

// hubsDir follows the folder.
type hubsDir struct {
	dir   string
	known []hubs.Vendor
	taken map[string]bool // names of HUBS, which a file cannot take
	log   zerolog.Logger
	// set runs a hub, in place of one of the same name; drop ends one.
	set  func(context.Context, hubSetting) error
	drop func(context.Context, string)

	runs   map[string]fileSum // what each hub was made of
	seen   map[string]fileSum // what the last look saw: a file that is being written is not read
	judged map[string]fileSum // files with faults, to say so once
	lost   bool               // the folder cannot be read
}

// follow looks at the folder until ctx ends.
func (d *hubsDir) follow(ctx context.Context) {
	t := time.NewTicker(hubsDirEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			d.look(ctx)
		}
	}
}

// look does what the files say, once they have rested from one look to the next.
func (d *hubsDir) look(ctx context.Context) {
	files, err := listHubs(d.dir)
	if (err != nil) != d.lost {
		d.lost = err != nil
		d.log.Warn().Err(err).Bool("readable", !d.lost).Msg("HUBS_DIR: its hubs stay as they are while it cannot be read")
	}
	if err != nil {
		return
	}
	before := d.seen
	d.seen = map[string]fileSum{}
	for name, f := range files {
		d.seen[name] = f.sum
	}
	for _, name := range slices.Sorted(maps.Keys(d.runs)) {
		_, was := before[name]
		if _, there := files[name]; !there && !was {
			d.log.Info().Str("hub", name).Msg("HUBS_DIR: the hub's file is gone, and so is the hub")
			delete(d.runs, name)
			d.drop(ctx, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if f := files[name]; before[name] == f.sum && d.runs[name] != f.sum && d.judged[name] != f.sum {
			d.take(ctx, f)
		}
	}
}

func (d *hubsDir) take(ctx context.Context, f hubFile) {
	h, typos, err := f.setting(d.known)
	if d.taken[f.name] {
		err = errTaken
	}
	if err == nil {
		err = d.set(ctx, h)
	}
	if err != nil {
		d.judged[f.name] = f.sum
		d.log.Error().Str("hub", f.name).Str("faults", strings.ReplaceAll(err.Error(), "\n", "; ")).
			Msg("HUBS_DIR: the hub's file has faults, the hub stays as it was")
		return
	}
	for _, name := range typos {
		d.log.Warn().Str("hub", f.name).Str("variable", name).Msg("this variable is not known, is it a typo?")
	}
	delete(d.judged, f.name)
	d.runs[f.name] = f.sum
	d.log.Info().Str("hub", f.name).Str("vendor", h.vendor.Name).Msg("HUBS_DIR: the hub runs as its file says")
}
