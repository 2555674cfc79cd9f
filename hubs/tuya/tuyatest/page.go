package tuyatest

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// page cuts one page out of list: the rows behind the key of the row before. size and key
// are the names of the query's parts. An EmptyPage or RepeatKey fault spoils it.
func (c *Cloud) page(
	q *request, list []*Device, size, key string, usual, most int,
) (page []*Device, more bool, next string, a answer) {
	n := usual
	if text := q.query.Get(size); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			return nil, false, "", refuse(codeType, size+" is no number")
		}
	}
	if n < 1 || n > most {
		return nil, false, "", refuse(codeRange, size+" is not within 1 and "+strconv.Itoa(most))
	}
	after := int64(0)
	if text := q.query.Get(key); text != "" {
		var known bool
		if after, known = c.rowOf(key, text); !known {
			return nil, false, "", refuse(codeIllegal, key+" was never given")
		}
	}
	start, _ := slices.BinarySearchFunc(list, after+1, func(d *Device, row int64) int { return int(d.row - row) })
	page = list[start:min(len(list), start+n)]
	more = start+n < len(list)
	if len(page) > 0 {
		next = c.rowKey(page[len(page)-1].row)
	}
	if q.has(RepeatKey) && q.query.Get(key) != "" {
		next, more = q.query.Get(key), true
	}
	if q.has(EmptyPage) {
		page = nil
	}
	return page, more, next, answer{}
}

// rowKey is opaque to callers.
func (c *Cloud) rowKey(row int64) string {
	text := "row:" + strconv.FormatInt(row, 10)
	if c.opts.AwkwardKeys {
		return "+/" + base64.StdEncoding.EncodeToString([]byte(text)) + "=&%"
	}
	return hex.EncodeToString([]byte(text))
}

// rowOf reads the row out of a key; last_id is the ID of a device.
func (c *Cloud) rowOf(name, key string) (int64, bool) {
	if name == "last_id" {
		d := c.home.device(key)
		if d == nil {
			return 0, false
		}
		return d.row, true
	}
	raw, err := hex.DecodeString(key)
	if c.opts.AwkwardKeys {
		raw, err = base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(key, "+/"), "=&%"))
	}
	if err != nil {
		return 0, false
	}
	text, ours := strings.CutPrefix(string(raw), "row:")
	row, err := strconv.ParseInt(text, 10, 64)
	return row, ours && err == nil
}

// pageOf is which page of a list with pages a call asks for, from 1; 0: none. It needs
// the lock.
func (c *Cloud) pageOf(q *request) int {
	var size string
	key := "last_row_key"
	switch q.op {
	case OpUserDevices:
		n, err := strconv.Atoi(q.query.Get("page_no"))
		if err != nil {
			return 0
		}
		return n
	case OpLinkedDevices:
		size = "size"
	case OpPagedDevices:
		size = "page_size"
	case OpThingDevices:
		size, key = "page_size", "last_id"
	default:
		return 0
	}
	if q.query.Get(key) == "" {
		return 1
	}
	row, known := c.rowOf(key, q.query.Get(key))
	n, err := strconv.Atoi(q.query.Get(size))
	if !known || err != nil || n < 1 {
		return 2 // some later page
	}
	return 1 + int((row+int64(n)-1)/int64(n))
}
