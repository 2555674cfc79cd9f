package hubtest

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Settings is one hub's part of the environment, in memory. It is safe for concurrent
// use; what is set while a hub runs is seen by its next Decode.
type Settings struct {
	mu   sync.Mutex
	vars map[string]string
	err  error
}

var _ hubs.Settings = (*Settings)(nil)

// NewSettings returns settings that hold vars: names in upper case, without prefix.
func NewSettings(vars map[string]string) *Settings {
	s := &Settings{vars: map[string]string{}}
	maps.Copy(s.vars, vars)
	return s
}

// Set changes one variable; an empty value takes it away.
func (s *Settings) Set(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vars[name] = value
}

// Fail makes every Decode report err, as an unreadable file does; nil ends it.
func (s *Settings) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Decode implements hubs.Settings the way the environment is read: AccessToken is
// ACCESS_TOKEN with the tag `split_words:"true"` and ACCESSTOKEN without it.
// It knows texts, bools, whole numbers, time.Duration and lists of texts.
func (s *Settings) Decode(into any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("%T is no pointer to a struct", into)
	}
	v = v.Elem()
	var faults []error
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := variable(field)
		value := s.vars[name]
		if value == "" {
			value = field.Tag.Get("default")
		}
		if value == "" || !field.IsExported() {
			continue
		}
		if err := setField(v.Field(i), value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

func variable(field reflect.StructField) string {
	if name := field.Tag.Get("envconfig"); name != "" {
		return strings.ToUpper(name)
	}
	if split, _ := strconv.ParseBool(field.Tag.Get("split_words")); split {
		return upperSnake(field.Name)
	}
	return strings.ToUpper(field.Name)
}

// upperSnake turns AccessToken into ACCESS_TOKEN and APIKey into API_KEY.
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

// setField never quotes the value: it may be a secret.
func setField(v reflect.Value, text string) error {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("not a time span")
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("neither true nor false")
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errors.New("not a whole number")
		}
		v.SetInt(n)
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String {
			return fmt.Errorf("lists of %s are not known here", v.Type().Elem())
		}
		list := reflect.MakeSlice(v.Type(), 0, 0)
		for part := range strings.SplitSeq(text, ",") {
			list = reflect.Append(list, reflect.ValueOf(part).Convert(v.Type().Elem()))
		}
		v.Set(list)
	default:
		return fmt.Errorf("fields of type %s are not known here", v.Type())
	}
	return nil
}
