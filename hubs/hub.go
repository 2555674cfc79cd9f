package hubs

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// Hub is one vendor account or box. It is safe for concurrent use. Every method
// returns soon after its context ends. Errors say what kind of trouble they are
// by FaultOf.
type Hub interface {
	// Devices returns the whole inventory, or an error: never a part of it. The
	// slices in it are the caller's to read, not to change.
	Devices(ctx context.Context) ([]Device, error)
	// Poll returns what the vendor knows now, as cheaply as it can, of the devices
	// that the last Devices returned. Readings count even when err is not nil: err
	// then joins the failures of single devices.
	Poll(ctx context.Context) ([]Reading, error)
	// Execute sends cmd, which fits the Spec of its entity (Command.Check), and
	// returns once the vendor accepted it. It is sent once, and once more only if
	// the token was refused.
	Execute(ctx context.Context, cmd Command) error
}

// The powers below are optional; the bridge asks for each once, at start.

// Watcher is a Hub that pushes. Watch blocks until ctx ends or the stream breaks.
type Watcher interface {
	Watch(ctx context.Context, to Sink) error
}

// Sink takes what a stream brings. Its methods do not block and may be called
// from several goroutines.
type Sink interface {
	// Alive is called whenever the stream said anything at all: it tells mute from quiet.
	Alive()
	// Readings takes news, oldest first.
	Readings(news []Reading)
	// Relist asks for a new inventory: devices came, went or changed shape.
	Relist(reason string)
	// Left says that these devices are no longer the hub's: what is published of them
	// is taken back at once.
	Left(devices ...DeviceID)
}

// Reader reads a few devices: after a command, or when somebody asks.
type Reader interface {
	Read(ctx context.Context, ids []DeviceID) ([]Reading, error)
}

// Webhook is a Hub that the vendor calls. It checks the vendor's signature itself.
type Webhook interface{ ServeWebhook(to Sink) http.Handler }

// Dumper gives the vendor's raw answers for a bug report. Raw reads anew what Devices
// and Poll read, and returns the answers by what was asked for ("device list"). They
// count even when err is not nil, and hold no answer that gives tokens.
type Dumper interface {
	Raw(ctx context.Context) (map[string]json.RawMessage, error)
}

// Vendor is all that cmd knows of a vendor.
type Vendor struct {
	Name string
	// Pace is how often hubs of this vendor are asked when POLL_INTERVAL is "auto".
	Pace Pace
	// Variables are the names of the vendor's own settings, without the hub's
	// prefix: what else stands there is reported as a likely typo.
	Variables []string
	// Channels are the ways to push that PUSH may name besides auto and off.
	Channels []string
	// Secrets are those of Variables whose values must never show.
	Secrets []string
	// Open checks the settings of one instance and builds its hub without I/O.
	// All faults of the settings are joined in the error.
	Open func(settings Settings, deps Deps) (Hub, error)
}

// Pace is how often a hub is asked.
type Pace struct {
	// Inventory is the time between two Devices calls.
	Inventory time.Duration
	// Values is the time between two Poll calls while nothing is pushed.
	Values time.Duration
	// Reconcile is the time between two Poll calls while push works.
	Reconcile time.Duration
}

// Settings is the instance's part of the environment.
type Settings interface {
	// Decode fills the fields of a struct, texts tagged `split_words:"true"` whose
	// names are the settings' in camel case (AccessToken is ACCESS_TOKEN). Each call
	// reads anew, files included, so that rotated secrets are seen. An unreadable file
	// is an error.
	Decode(into any) error
}

// Deps is what every vendor may use.
type Deps struct {
	// Name is the hub's.
	Name string
	// HTTP carries all requests of the hub.
	HTTP http.RoundTripper
	// SharedTokens is Tokens for an account that several hubs use: all that name the same
	// cfg.Account and cfg.Identity get one manager.
	SharedTokens func(cfg auth.Config) *auth.Manager
	// Tokens builds the token manager of one account. It fills in what cfg leaves
	// empty of Store, Redact and Log, and puts the hub's name before cfg.Account.
	Tokens func(cfg auth.Config) *auth.Manager
	Log    zerolog.Logger
	// Observe is told of every call to the vendor: its name, how it ended (ok,
	// rejected, or a fault's name) and how long it took. It may be nil.
	Observe func(call, outcome string, took time.Duration)
	// Cache is this hub's part of the store.
	Cache auth.KV
	// Unlocks tells whether the user lets the door of a device be opened from afar, in the
	// file of OVERRIDES; nil: no door may be.
	Unlocks func(d Device) bool
	// Go starts a goroutine that is recovered, counted and waited for.
	Go func(task func(context.Context))
}
