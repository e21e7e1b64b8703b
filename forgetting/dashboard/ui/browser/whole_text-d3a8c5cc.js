// Sees that no text field holds half a character, as texts that were cut do: Streamlit's messages cannot hold one, and
// with it the connection would be lost again and again. Each becomes the sign for a character that is missing.

const written = kind => Object.getOwnPropertyDescriptor(kind.prototype, 'value').set // which React watches from outside

export default function () {}

document.addEventListener('input', ({ target }) => {
  if (target.value?.isWellFormed?.() !== false) return
  const { selectionStart: start, selectionEnd: end } = target
  const kind = target instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement
  written(kind).call(target, target.value.toWellFormed())
  target.setSelectionRange(start, end)
}, true)
