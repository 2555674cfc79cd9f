package rest

// What an answer may look like before a decoder sees it. A decoder makes of three
// bytes such as "{}," a struct of hundreds: without a limit on values, an answer of
// the size allowed could still fill the memory.
const (
	maxDepth  = 200
	maxValues = 2_000_000
)

// checkShape tells what is wrong with the nesting or the number of values; nil where
// all is well or the text is no JSON, which the decoder says.
func checkShape(body []byte) error {
	depth, values := 0, 1
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			if depth++; depth > maxDepth {
				return Garbage("answer is nested too deeply")
			}
			values++
		case ']', '}':
			depth--
		case ',':
			if values++; values > maxValues {
				return Garbage("answer holds too many values")
			}
		}
	}
	return nil
}
