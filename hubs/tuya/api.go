package tuya

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// device is an entry of a device list, or a device's detail. Whatever the cloud leaves
// out or spells otherwise is empty.
type device struct {
	ID       string
	Name     string // as the user wrote it
	Category string
	Product  string // the product's id: what specifications and overrides go by
	Model    string // what people call the product
	UID      string // the app account
	Home     string // id of the home
	Gateway  string // id of the device it hangs behind
	Zone     string // +02:00, +2:00
	Online   loose.Truth
	Sub      bool // behind a gateway
	Status   []point
}

// UnmarshalJSON takes the spellings of all the calls that know devices.
func (d *device) UnmarshalJSON(raw []byte) error {
	var w struct {
		ID           loose.Text        `json:"id"`
		Name         loose.Text        `json:"name"`
		Custom       loose.Text        `json:"custom_name"`
		Custom2      loose.Text        `json:"customName"`
		Category     loose.Text        `json:"category"`
		Product      loose.Text        `json:"product_id"`
		Product2     loose.Text        `json:"productId"`
		ProductName  loose.Text        `json:"product_name"`
		ProductName2 loose.Text        `json:"productName"`
		UID          loose.Text        `json:"uid"`
		Owner        loose.Text        `json:"owner_id"`
		Gateway      loose.Text        `json:"gateway_id"`
		Gateway2     loose.Text        `json:"gatewayId"`
		Zone         loose.Text        `json:"time_zone"`
		Zone2        loose.Text        `json:"timeZone"`
		Online       loose.Truth       `json:"online"`
		Online2      loose.Truth       `json:"is_online"`
		Online3      loose.Truth       `json:"isOnline"`
		Sub          loose.Truth       `json:"sub"`
		Status       loose.List[point] `json:"status"`
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	*d = device{
		ID: string(w.ID), Name: first(w.Custom, w.Custom2, w.Name), Category: first(w.Category),
		Product: string(w.Product + w.Product2), Model: first(w.ProductName, w.ProductName2),
		UID: string(w.UID), Home: string(w.Owner), Gateway: first(w.Gateway, w.Gateway2), Zone: first(w.Zone, w.Zone2),
		Online: w.Online, Sub: w.Sub.Or(false), Status: slices.DeleteFunc(w.Status, func(p point) bool { return p.empty() }),
	}
	for _, other := range []loose.Truth{w.Online2, w.Online3} {
		if !d.Online.Known {
			d.Online = other
		}
	}
	return nil
}

// first is the first text that says something, blanks around it cut.
func first(texts ...loose.Text) string {
	for _, t := range texts {
		if s := strings.TrimSpace(string(t)); s != "" {
			return s
		}
	}
	return ""
}

// point is one reported data point. Value is JSON as it came; At is the vendor's time,
// zero where it gives none.
type point struct {
	Code  string
	DP    int // the data point's number; 0: not told
	Value json.RawMessage
	At    time.Time
}

func (p *point) empty() bool { return p.Code == "" && p.DP == 0 }

// UnmarshalJSON takes the points of lists, of shadows and of both families of push. What
// is no point is empty: the others of its list count nonetheless.
func (p *point) UnmarshalJSON(raw []byte) error {
	*p = point{}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil //nolint:nilerr // see above
	}
	var w struct {
		Code  loose.Text      `json:"code"`
		Value json.RawMessage `json:"value"`
		DP    loose.Number    `json:"dp_id"`
		DP2   loose.Number    `json:"dpId"`
		T     loose.Time      `json:"t"`
		Time  loose.Time      `json:"time"`
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	*p = point{Code: string(w.Code), DP: max(w.DP.Whole(), w.DP2.Whole(), 0), Value: w.Value, At: w.Time.Time}
	if p.At.IsZero() {
		p.At = w.T.Time
	}
	for name, value := range members { // the older push repeats the value under its number
		if dp, err := strconv.Atoi(name); err == nil && dp > 0 && p.DP == 0 {
			p.DP = dp
			if p.Value == nil {
				p.Value = value
			}
		}
	}
	return nil
}

// specification says what the data points of a product are. It is the same for all
// devices of a product and survives being stored as JSON.
type specification struct {
	Category  string     `json:"category"`
	Functions []codeSpec `json:"functions"` // what can be written
	Status    []codeSpec `json:"status"`    // what is reported
}

// codeSpec is the description of one data point in one direction.
type codeSpec struct {
	Code   string          `json:"code"`
	DP     int             `json:"dp_id,omitempty"`
	Name   string          `json:"name,omitempty"` // the maker's
	Type   string          `json:"type"`
	Values json.RawMessage `json:"values,omitempty"` // an object; nil where it says nothing
	// Report is "sum" where each report is to be added to those before it.
	Report string `json:"report_type,omitempty"`
	// Property: only the thing model knows it, so that it is written as a property.
	Property bool `json:"property,omitempty"`
	// as is the code that tables know it by, where a correction says so.
	as string
}

// UnmarshalJSON takes what specifications, functions and a stored one look like.
func (s *specification) UnmarshalJSON(raw []byte) error {
	var w struct {
		Category  loose.Text           `json:"category"`
		Functions loose.List[codeSpec] `json:"functions"`
		Status    loose.List[codeSpec] `json:"status"`
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	nameless := func(c codeSpec) bool { return c.Code == "" }
	*s = specification{
		Category: first(w.Category), Functions: slices.DeleteFunc(w.Functions, nameless), Status: slices.DeleteFunc(w.Status, nameless),
	}
	return nil
}

// UnmarshalJSON drops what cannot be read: a bad entry costs that code only.
func (c *codeSpec) UnmarshalJSON(raw []byte) error {
	*c = codeSpec{}
	var w struct {
		Code     loose.Text      `json:"code"`
		DP       loose.Number    `json:"dp_id"`
		DP2      loose.Number    `json:"dpId"`
		Name     loose.Text      `json:"name"`
		Type     loose.Text      `json:"type"`
		Values   json.RawMessage `json:"values"`
		Value    json.RawMessage `json:"value"`
		Report   loose.Text      `json:"report_type"`
		Property loose.Truth     `json:"property"`
	}
	if json.Unmarshal(raw, &w) != nil {
		return nil //nolint:nilerr // see above
	}
	if w.Values == nil {
		w.Values = w.Value
	}
	*c = codeSpec{
		Code: string(w.Code), DP: max(w.DP.Whole(), w.DP2.Whole(), 0), Name: first(w.Name), Type: string(w.Type),
		Values: object(w.Values), Report: string(w.Report), Property: w.Property.Or(false),
	}
	return nil
}

// object gives JSON that is an object, also where it stands in a string; else nil.
func object(raw json.RawMessage) json.RawMessage {
	if s, quoted := loose.Unquote(raw); quoted {
		raw = json.RawMessage(s)
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' || !json.Valid(raw) {
		return nil
	}
	return raw
}

// thing is the thing model of a product: all its data points, also those that the
// specification does not list.
type thing struct {
	Properties []property
}

type property struct {
	Code   string
	DP     int
	Name   string
	Access string // ro, wr, rw
	Type   string
	Values json.RawMessage
}

// UnmarshalJSON takes a model, or the answer that holds it in a string.
func (t *thing) UnmarshalJSON(raw []byte) error {
	*t = thing{}
	var outer struct {
		Model json.RawMessage `json:"model"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil {
		return err
	}
	if inner := object(outer.Model); inner != nil {
		raw = inner
	}
	var w struct {
		Services loose.List[struct {
			Properties loose.List[struct {
				DP     loose.Number    `json:"abilityId"`
				Access loose.Text      `json:"accessMode"`
				Code   loose.Text      `json:"code"`
				Name   loose.Text      `json:"name"`
				Spec   json.RawMessage `json:"typeSpec"`
			}] `json:"properties"`
		}] `json:"services"`
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	for _, s := range w.Services {
		for _, p := range s.Properties {
			spec := object(p.Spec)
			var kind struct {
				Type loose.Text `json:"type"`
			}
			if p.Code == "" || spec == nil || json.Unmarshal(spec, &kind) != nil {
				continue
			}
			t.Properties = append(t.Properties, property{
				Code: string(p.Code), DP: max(p.DP.Whole(), 0), Name: first(p.Name), Access: string(p.Access),
				Type: string(kind.Type), Values: spec,
			})
		}
	}
	return nil
}

// add completes the specification by a thing model: numbers and names of what it lists,
// what can be written although it is only said to be reported, and the data points that
// it does not list at all.
func (s *specification) add(t thing) {
	for _, p := range t.Properties {
		written, reported := p.complete(s.Functions), p.complete(s.Status)
		c := codeSpec{Code: p.Code, DP: p.DP, Name: p.Name, Type: p.Type, Values: p.Values, Property: true}
		if reported != "" {
			c.Code = reported
		}
		if written == "" && p.Access != "ro" {
			s.Functions = append(s.Functions, c)
		}
		if written == "" && reported == "" && p.Access != "wr" {
			s.Status = append(s.Status, c)
		}
	}
}

// complete adds number and name to the description of the property, which one number
// makes the same data point under another code. It gives its code, or nothing.
func (p *property) complete(list []codeSpec) (code string) {
	for i := range list {
		c := &list[i]
		if c.Code != p.Code && (c.DP == 0 || c.DP != p.DP) {
			continue
		}
		code = c.Code
		if c.DP == 0 {
			c.DP = p.DP
		}
		if c.Name == "" {
			c.Name = p.Name
		}
	}
	return code
}

// write is one data point of a command.
type write struct {
	Code     string
	Value    any
	Property bool // only the thing model's call takes it
	// Door: no data point: a lock is to be opened (Value true) or locked (false), which
	// wants a ticket. It never stands beside others.
	Door bool
}
