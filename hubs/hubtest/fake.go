package hubtest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Call names a method of a Fake.
type Call string

// The calls.
const (
	OnDevices Call = "devices"
	OnPoll    Call = "poll"
	OnExecute Call = "execute"
	OnRead    Call = "read"
	OnWatch   Call = "watch"
)

// Executed is a command that a Fake accepted.
type Executed struct {
	At time.Time
	hubs.Command
}

// Fake is a hub that does as it is told. Left alone it lists its devices, reports
// their values and obeys commands. It is safe for concurrent use; the fields are set
// before that begins. The functions replace what a call does after the troubles of
// Fail, Panic and Hang.
type Fake struct {
	DevicesFunc func(ctx context.Context) ([]hubs.Device, error)
	PollFunc    func(ctx context.Context) ([]hubs.Reading, error)
	ExecuteFunc func(ctx context.Context, cmd hubs.Command) error
	ReadFunc    func(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error)
	WatchFunc   func(ctx context.Context, to hubs.Sink) error
	// Deaf accepts commands and does nothing.
	Deaf bool
	// Echoes pushes what a command changed.
	Echoes bool

	mu       sync.Mutex
	devices  []hubs.Device
	values   map[hubs.DeviceID]map[hubs.Point]hubs.Value
	offline  map[hubs.DeviceID]bool
	executed []Executed
	calls    map[Call]int
	troubles map[Call][]*trouble
	sinks    map[*stream]bool
}

// stream is one running Watch.
type stream struct {
	to     hubs.Sink
	broken chan error
}

var (
	_ hubs.Hub     = (*Fake)(nil)
	_ hubs.Reader  = (*Fake)(nil)
	_ hubs.Watcher = (*Fake)(nil)
)

// NewFake returns a Fake with believable values for its devices, all of them online.
func NewFake(devices ...hubs.Device) *Fake {
	f := &Fake{
		values: map[hubs.DeviceID]map[hubs.Point]hubs.Value{}, offline: map[hubs.DeviceID]bool{},
		calls: map[Call]int{}, troubles: map[Call][]*trouble{}, sinks: map[*stream]bool{},
	}
	f.SetDevices(devices...)
	return f
}

// Plain is the same hub without the optional powers.
func (f *Fake) Plain() hubs.Hub { return struct{ hubs.Hub }{f} }

// SetDevices changes the inventory. Devices that were there keep their values.
func (f *Fake) SetDevices(devices ...hubs.Device) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.devices = slices.Clone(devices)
	for _, r := range Readings(devices, 1) {
		known := f.values[r.Device]
		now := make(map[hubs.Point]hubs.Value, len(r.Values))
		for _, v := range r.Values {
			now[v.Point] = v.Value
			if old, ok := known[v.Point]; ok {
				now[v.Point] = old
			}
		}
		f.values[r.Device] = now
	}
}

// SetValue changes a value as the device itself would. Nothing is pushed.
func (f *Fake) SetValue(id hubs.DeviceID, entity string, attr hubs.Attr, v hubs.Value) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.values[id] == nil {
		f.values[id] = map[hubs.Point]hubs.Value{}
	}
	f.values[id][hubs.Point{Entity: entity, Attr: attr}] = v
}

// Value is what a value is now.
func (f *Fake) Value(id hubs.DeviceID, entity string, attr hubs.Attr) hubs.Value {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.values[id][hubs.Point{Entity: entity, Attr: attr}]
}

// SetOnline lets a device drop out or come back.
func (f *Fake) SetOnline(id hubs.DeviceID, online bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offline[id] = !online
}

// Executed lists the commands that were accepted so far, in order.
func (f *Fake) Executed() []Executed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.executed)
}

// Calls is how often a method was called so far.
func (f *Fake) Calls(c Call) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[c]
}

// Reading is a full reading of one device as it is now.
func (f *Fake) Reading(id hubs.DeviceID) hubs.Reading {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reading(id)
}

// reading needs the lock.
func (f *Fake) reading(id hubs.DeviceID) hubs.Reading {
	r := hubs.Reading{Device: id, Online: new(!f.offline[id]), Full: true}
	points := slices.SortedFunc(maps.Keys(f.values[id]), func(a, b hubs.Point) int {
		if a.Entity != b.Entity {
			return cmp.Compare(a.Entity, b.Entity)
		}
		return cmp.Compare(a.Attr, b.Attr)
	})
	for _, p := range points {
		r.Values = append(r.Values, hubs.PointValue{Point: p, Value: f.values[id][p]})
	}
	return r
}

// device needs the lock.
func (f *Fake) device(id hubs.DeviceID) (*hubs.Device, error) {
	for i := range f.devices {
		if f.devices[i].ID == id {
			return &f.devices[i], nil
		}
	}
	return nil, &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("fake: no device %q", id)}
}

// Devices implements hubs.Hub.
func (f *Fake) Devices(ctx context.Context) ([]hubs.Device, error) {
	if err := f.enter(ctx, OnDevices); err != nil {
		return nil, err
	}
	if f.DevicesFunc != nil {
		return f.DevicesFunc(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.devices), nil
}

// Poll implements hubs.Hub.
func (f *Fake) Poll(ctx context.Context) ([]hubs.Reading, error) {
	if err := f.enter(ctx, OnPoll); err != nil {
		return nil, err
	}
	if f.PollFunc != nil {
		return f.PollFunc(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]hubs.Reading, 0, len(f.devices))
	for i := range f.devices {
		out = append(out, f.reading(f.devices[i].ID))
	}
	return out, nil
}

// Read implements hubs.Reader.
func (f *Fake) Read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	if err := f.enter(ctx, OnRead); err != nil {
		return nil, err
	}
	if f.ReadFunc != nil {
		return f.ReadFunc(ctx, ids)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]hubs.Reading, 0, len(ids))
	for _, id := range ids {
		if _, err := f.device(id); err != nil {
			return out, err
		}
		out = append(out, f.reading(id))
	}
	return out, nil
}

// Execute implements hubs.Hub.
func (f *Fake) Execute(ctx context.Context, cmd hubs.Command) error {
	if err := f.enter(ctx, OnExecute); err != nil {
		return err
	}
	do := f.obey
	if f.ExecuteFunc != nil {
		do = func(cmd hubs.Command) error { return f.ExecuteFunc(ctx, cmd) }
	}
	if err := do(cmd); err != nil {
		return err
	}
	f.mu.Lock()
	f.executed = append(f.executed, Executed{At: time.Now(), Command: cmd})
	f.mu.Unlock()
	return nil
}
