package tuya

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// wireOuter is what is around every pushed message.
type wireOuter struct {
	Data loose.Text      `json:"data"`
	T    json.RawMessage `json:"t"` // as it is printed: part of what one encryption seals
}

// deed is what a message says happened to a device.
type deed uint8

// The deeds. Those of no interest are none.
const (
	noDeed  deed = iota
	reports      // data points
	comes        // it went online
	goes         // it went offline
	relists      // it came, went or changed: the list knows better
	leaves       // it was removed
)

// news is one pushed message, decrypted.
type news struct {
	device hubs.DeviceID
	deed   deed
	what   string // the vendor's word for it
	points []point
	at     time.Time // zero: not told
	id     string    // the vendor's, of this report; empty: not told
	modern bool      // of the newer family of messages
}

var errMessage = errors.New("not a message")

// readNews takes messages of both families: the newer one says what it is in bizCode and
// has the rest in bizData, the older one has the values beside the device's id.
func readNews(plain []byte) (news, error) {
	var w struct {
		Biz     loose.Text        `json:"bizCode"`
		BizData json.RawMessage   `json:"bizData"`
		Device  loose.Text        `json:"devId"`
		Status  loose.List[point] `json:"status"`
		ID      loose.Text        `json:"dataId"`
		At      loose.Time        `json:"ts"`
		At2     loose.Time        `json:"t"`
	}
	if json.Unmarshal(plain, &w) != nil || object(plain) == nil {
		return news{}, errMessage
	}
	n := news{device: hubs.DeviceID(w.Device), what: string(w.Biz), at: w.At.Time, id: string(w.ID)}
	if n.at.IsZero() {
		n.at = w.At2.Time
	}
	if w.Biz == "" {
		if n.device == "" || w.Status == nil {
			return news{}, errMessage
		}
		n.deed, n.what, n.points = reports, "status", w.Status
		return n, nil
	}
	n.readBiz(w.BizData)
	if n.device == "" && n.deed != noDeed && n.deed != relists {
		return news{}, errMessage
	}
	return n, nil
}

// readBiz reads the data of a message with a name.
func (n *news) readBiz(raw json.RawMessage) {
	var b struct {
		ID         loose.Text        `json:"dataId"`
		Device     loose.Text        `json:"devId"`
		Properties loose.List[point] `json:"properties"`
		Time       loose.Time        `json:"time"`
		Event      loose.Text        `json:"eventCode"`
		Output     json.RawMessage   `json:"outputParams"`
	}
	if json.Unmarshal(raw, &b) == nil {
		if b.Device != "" {
			n.device = hubs.DeviceID(b.Device)
		}
		if b.ID != "" {
			n.id = string(b.ID)
		}
		if !b.Time.IsZero() {
			n.at = b.Time.Time
		}
	}
	switch {
	case n.what == "devicePropertyMessage", n.what == "deviceQueryPropertyMessage":
		n.deed, n.points, n.modern = reports, b.Properties, true
	case n.what == "deviceEventMessage" && b.Event != "":
		n.deed, n.points, n.modern = reports, []point{{Code: string(b.Event), Value: b.Output, At: n.at}}, true
	case n.what == "online", n.what == "deviceOnline":
		n.deed = comes
	case n.what == "offline", n.what == "deviceOffline":
		n.deed = goes
	case n.what == "delete":
		n.deed = leaves
	case n.what == "bindUser", n.what == "nameUpdate", n.what == "share", n.what == "dpNameUpdate", strings.HasPrefix(n.what, "device") && changesList(n.what):
		n.deed = relists
	}
}

func changesList(what string) bool {
	switch what {
	case "deviceNameUpdate", "deviceBindSpace", "deviceUnbindSpace", "deviceTransfer":
		return true
	}
	return false
}

// newest is what the stream brought last of each data point of a device. Order is not
// promised, messages come again, and with both families switched on everything comes
// twice: once with seconds and once with milliseconds.
type newest struct {
	points map[string]mark
	online time.Time
}

type mark struct {
	at     time.Time
	value  string
	id     string // of the report
	modern bool
}

func newNewest() *newest { return &newest{points: map[string]mark{}} }

// sift gives the points of n that are news. Those without a time get the message's.
func (l *newest) sift(n *news, now time.Time) []point {
	var out []point
	for _, p := range n.points {
		if p.Code == "" && p.DP == 0 {
			continue
		}
		if p.At.IsZero() {
			p.At = n.at
		}
		if p.At.IsZero() || p.At.After(now) {
			p.At = now // from a clock that is ahead: later news must not look old beside it
		}
		if l.take(&p, n) {
			out = append(out, p)
		}
	}
	return out
}

func (l *newest) take(p *point, n *news) bool {
	key := dpKey(p)
	next := mark{p.At, string(p.Value), n.id, n.modern}
	last, known := l.points[key]
	if known {
		again := last.value == next.value && last.repeats(next)
		if again || next.at.Before(last.at) {
			if again && next.at.After(last.at) {
				l.points[key] = next
			}
			return false
		}
	}
	l.points[key] = next
	return true
}

// repeats tells whether next, of the same value, tells what m told. Two reports of one
// moment are two if the vendor gives them two ids.
func (m mark) repeats(next mark) bool {
	if m.modern != next.modern {
		return m.at.Truncate(time.Second).Equal(next.at.Truncate(time.Second))
	}
	return m.at.Equal(next.at) && (m.id == next.id || m.id == "" || next.id == "")
}
