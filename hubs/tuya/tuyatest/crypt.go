package tuyatest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Both channels take the key from the middle of a secret of 32 characters: Pulsar of the
// project's, Open-Hub of the link's password.
func keyOf(secret string) []byte {
	if len(secret) < 24 {
		panic("tuyatest: a secret needs 24 characters, to make a key of the last 16")
	}
	return []byte(secret[8:24])
}

func blockOf(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic("tuyatest: " + err.Error()) // keyOf gives 16 bytes
	}
	return b
}

// sealECB is AES-128-ECB with PKCS#7.
func sealECB(key, plain []byte) string {
	b := blockOf(key)
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out := slices.Concat(plain, slices.Repeat([]byte{byte(pad)}, pad))
	for i := 0; i < len(out); i += aes.BlockSize {
		b.Encrypt(out[i:i+aes.BlockSize], out[i:i+aes.BlockSize])
	}
	return base64.StdEncoding.EncodeToString(out)
}

func gcmOf(key []byte) cipher.AEAD {
	g, err := cipher.NewGCM(blockOf(key))
	if err != nil {
		panic("tuyatest: " + err.Error()) // AES has the block size GCM needs
	}
	return g
}

// sealGCM is what Pulsar sends: nonce, ciphertext and tag.
func sealGCM(key, nonce, plain []byte) string {
	return base64.StdEncoding.EncodeToString(gcmOf(key).Seal(slices.Clone(nonce), nonce, plain, nil))
}

// sealGCM2 is version 2.0 of Open-Hub: the nonce's length, nonce, ciphertext and tag. The
// envelope's t, as it is printed there, is sealed along.
func sealGCM2(key, nonce, plain []byte, t string) string {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(nonce))), nonce...)
	return base64.StdEncoding.EncodeToString(gcmOf(key).Seal(out, nonce, plain, []byte(t)))
}

// ticketKey is the temporary key of a lock: AES-256-ECB with the whole secret, in hex.
func ticketKey(secret, plain []byte) string {
	raw, err := base64.StdEncoding.DecodeString(sealECB(secret, plain))
	if err != nil {
		panic("tuyatest: " + err.Error()) // written a line ago
	}
	return strings.ToUpper(hex.EncodeToString(raw))
}

// nonce makes 12 bytes. It needs the lock.
func (c *Cloud) nonce() []byte {
	out := make([]byte, 12)
	for i := range out {
		out[i] = byte(c.rng.Uint32())
	}
	return out
}

func md5hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// PulsarPassword is what a project gives as password, beside its access ID as user name.
func PulsarPassword(accessID, accessSecret string) string {
	return md5hex(accessID + md5hex(accessSecret))[8:24]
}

// messageSign is the sign of an outer message: its other fields in the order of their
// names, and the key.
func messageSign(fields map[string]any, key []byte) string {
	parts := []string{}
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, fmt.Sprintf("%s=%v", k, fields[k]))
	}
	return md5hex(strings.Join(parts, "||") + "||" + string(key))
}
