// Shows the frame of the fraction under the finger: sentence, metrics and network here, and the page's Plotly charts.
// All texts and numbers are Python's; a frame holds those of one fraction. The network is a drawing: of a wide layer some
// neurons stand for all. What else on the page follows is told each fraction by the event "fraction".

const PLAY_MS = 5000 // from 0 to 100 %
const KEYS_REST_MS = 300 // after the last key press the slider counts as released
const NOTE_MS = 800 // a note that is gone by then is not shown
const PITCH = 7.8 // at most, from neuron to neuron, in hundredths of the picture's height
const AT_ONCE = { mode: 'immediate', frame: { duration: 0, redraw: false }, transition: { duration: 0 } }
const decoder = new TextDecoder()
const views = new WeakMap()

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!data) return
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement))
  const view = views.get(parentElement)
  view.send = setStateValue
  view.click = setTriggerValue
  view.receive(JSON.parse(decoder.decode(data)))
  const run = view.runs
  return () => {
    if (run === view.runs) view.close() // Streamlit also ends a run that another has overtaken while this file loaded
  }
}

class View {
  constructor(root) {
    this.find = selector => root.querySelector(selector)
    this.slider = this.find('input')
    this.count = 0 // how often the slider has been released
    this.awaited = false // whether the page for the last release is still to come
    this.followed = new WeakSet() // charts that are listened to
    this.observer = new MutationObserver(() => this.follow()) // a chart may come, or be drawn anew, at any time
    this.sizes = new ResizeObserver(() => this.measure())
    this.runs = 0
    this.slider.oninput = () => this.move(Number(this.slider.value))
    this.slider.onchange = () => this.rest(this.keys ? KEYS_REST_MS : 0)
    this.slider.onkeydown = () => { this.keys = true }
    this.slider.onpointerdown = () => { this.keys = false }
    this.find('.play').onclick = () => (this.playing ? this.pause() : this.play())
  }

  close() {
    this.closed = true
    delete window.liveFraction
    this.observer.disconnect()
    clearTimeout(this.resting)
    clearTimeout(this.noting)
    this.sizes.disconnect()
  }

  // What Python sends: on each run of the page, also while the slider is being moved.
  receive(data) {
    this.runs += 1
    this.closed = false
    this.observer.observe(document.body, { childList: true, subtree: true })
    this.sizes.observe(this.find('.live'))
    this.data = data
    if (this.playing && !data.frames) this.stop()
    if (data.count >= this.count) this.awaited = false
    this.count = Math.max(this.count, data.count)
    if (!this.held()) this.percent = data.percent
    this.drawParts()
    this.draw()
  }

  // Tells the page's style how much lies above the slider, which stays in sight on a small screen.
  measure() {
    const { host } = this.slider.getRootNode()
    const above = this.find('.controls').getBoundingClientRect().top - host.getBoundingClientRect().top
    host.closest('.stElementContainer').style.setProperty('--above-slider', `${above}px`)
  }

  // Whether the slider shows what Python does not know yet.
  held() {
    return this.playing || this.resting || this.moved || this.awaited
  }

  frame() {
    const { data, percent } = this
    return percent === data.percent ? data.now : data.frames?.[percent] ?? data.now
  }

  move(percent) {
    this.stop()
    this.moved = true
    this.percent = percent
    this.drawNote(0)
    this.schedule()
  }

  rest(wait) {
    clearTimeout(this.resting)
    this.resting = setTimeout(() => this.release(), wait)
  }

  release() {
    this.resting = 0
    this.moved = false
    if (this.closed || this.percent === this.data.percent) return
    this.count += 1
    this.awaited = true
    this.send('fraction', { percent: this.percent, count: this.count })
  }

  play() {
    const from = this.paused && this.percent < 100 ? this.percent : 0
    const started = performance.now() - (from / 100) * PLAY_MS
    const step = matchMedia('(prefers-reduced-motion: reduce)').matches ? 10 : this.data.step
    clearTimeout(this.resting)
    this.resting = 0
    this.playing = true
    const tick = now => {
      if (!this.playing || this.closed) return
      const percent = Math.min(100, step * Math.floor((100 * Math.max(0, now - started)) / PLAY_MS / step))
      if (percent !== this.percent) {
        this.percent = percent
        this.draw()
      }
      if (percent < 100) requestAnimationFrame(tick)
      else this.pause()
    }
    this.drawButton()
    requestAnimationFrame(tick)
  }

  pause() {
    this.stop()
    this.paused = true
    this.drawButton()
    this.release()
  }

  stop() {
    this.playing = this.paused = false
    this.drawButton()
  }

  schedule() {
    if (this.scheduled) return
    this.scheduled = true
    requestAnimationFrame(() => {
      this.scheduled = false
      this.draw()
    })
  }

  // What does not depend on the fraction.
  drawParts() {
    const { data } = this
    const isLive = Boolean(data.layers.length)
    this.find('.live').classList.toggle('presenting', data.presenting)
    const sentences = [data.now, ...(data.frames ?? []).filter(Boolean)].map(frame => frame.sentence)
    this.find('.conclusion').dataset.longest = sentences.reduce((one, other) => (other.length > one.length ? other : one))
    for (const part of ['.controls', '.note']) this.find(part).hidden = !isLive
    this.find('.network').hidden = !data.columns.length || !isLive
    this.slider.step = data.step
    this.find('.stages').hidden = !data.stages.length
    this.find('.review').hidden = !data.has_review
    this.find('.review').classList.toggle('awaited', !data.review)
    this.find('.review .text').textContent = data.review?.text
    this.find('.review .true').textContent = data.review?.label
    this.find('.review .before').textContent = data.review?.before
    this.find('.review .before').classList.toggle('wrong', data.review?.before !== data.review?.label)
    this.find('.review .tip').textContent = data.review?.chosen
    this.find('.review .help').setAttribute('aria-label', `Label: ${data.review?.chosen}`)
    this.find('.live').classList.toggle('still', !isLive)
    this.drawNote(NOTE_MS)
    fill(this.find('.metrics'), this.find('template.metric'), data.metrics, (part, metric) => {
      part.querySelector('.label').textContent = metric.label
      part.querySelector('.help').setAttribute('aria-label', `${metric.label}: ${metric.help}`)
    })
    if (isLive && data.columns.length) this.drawNetwork()
    if (data.stages.length) this.drawStages()
    this.drawButton()
  }

  // All but the fractions of the connections. A column stands between two layers, and a layer's fans reach into both.
  drawNetwork() {
    const { columns, layers, unit } = this.data
    const columnTracks = `repeat(${layers.length}, var(--column) minmax(0, 1fr)) var(--column)`
    this.find('.network').style.gridTemplateColumns = columnTracks
    const places = placeNeurons(columns.map(column => column.width))
    fill(this.find('.columns'), this.find('template.column'), columns, (part, column, index) => {
      part.style.gridColumn = 2 * index + 1
      const [count, word] = part.querySelectorAll('.label > *')
      ;[count.textContent, word.textContent] = column.label
      part.querySelector('.neurons').setAttribute('d', places[index].neurons.map(y => `M50 ${y}h0`).join(''))
      part.querySelector('.more').setAttribute('d', places[index].more.map(y => `M50 ${y}h0`).join(''))
    })
    fill(this.find('.layers'), this.find('template.layer'), layers, (part, layer, index) => {
      part.style.gridColumn = 2 * index + 2
      part.setAttribute('aria-pressed', layer.chosen)
      part.querySelector('.all').textContent = layer.weights
      part.querySelector('.count').style.minWidth = `${layer.weights.length}ch` // so that nothing moves
      part.querySelector('.title').textContent = layer.name
      part.onclick = () => this.click('layer', layer.name)
      part.lines = connect(places[index].neurons, places[index + 1].neurons, unit)
      part.lost = undefined
    })
  }

  // A Transformer as its parts in their order, each with its layers: as many connections could not be drawn.
  drawStages() {
    const { stages, layers } = this.data
    fill(this.find('.stages'), this.find('template.stage'), stages, (part, stage) => {
      part.querySelector('.title').textContent = stage.title
      fill(part.querySelector('.members'), this.find('template.member'), stage.layers, (member, [number, name]) => {
        const layer = layers[number]
        member.setAttribute('aria-pressed', layer.chosen)
        member.title = `${layer.name}: ${layer.weights} weights`
        member.querySelector('.name').textContent = name
        member.onclick = () => this.click('layer', layer.name)
        member.number = number
      })
    })
  }

  drawNote(wait) {
    const note = this.find('.note')
    clearTimeout(this.noting)
    if (!this.data.note || note.textContent) note.textContent = this.data.note
    else this.noting = setTimeout(() => { note.textContent = this.data.note }, wait)
  }

  drawButton() {
    const button = this.find('.play')
    button.disabled = !this.data?.frames
    const ended = this.paused && this.percent === 100
    const [sign, name] = this.playing ? ['❚❚', 'Pause'] : ended ? ['↻', 'Replay'] : ['▶', 'Play']
    button.textContent = `${sign} ${name}`
    button.setAttribute('aria-label', name)
  }

  draw() {
    const { data, percent, slider } = this
    const frame = this.frame()
    const isShown = data.frames || percent === data.percent // else the page follows on release
    this.find('.sentence').textContent = frame.sentence
    ;[...this.find('.metrics').children].forEach((part, index) => {
      const missing = frame.missing[index]
      part.querySelector('.number').textContent = frame.values[index]
      part.querySelector('.baseline').textContent = frame.beyond[index] ?? data.metrics[index].baseline
      part.querySelector('.help').classList.toggle('missing', Boolean(missing))
      part.querySelector('.tip').textContent = missing ?? data.metrics[index].help
    })
    const drawn = data.columns.length ? [...this.find('.layers').children] : []
    drawn.forEach((part, index) => {
      const { share, count, part: ofAll } = frame.layers[index]
      part.querySelector('.share').textContent = share
      part.querySelector('.count').textContent = count
      part.querySelector('.count').hidden = part.querySelector('.of').hidden = !count
      const most = part.lines.length
      const lost = Math.min(most - (ofAll < 1), Math.max(Math.round(most * ofAll), ofAll > 0))
      if (lost === part.lost) return
      part.lost = lost
      part.querySelector('.lost').setAttribute('d', part.lines.slice(0, lost).join(''))
      part.querySelector('.kept').setAttribute('d', part.lines.slice(lost).join(''))
    })
    for (const member of this.find('.stages').querySelectorAll('.member')) {
      const { share, part } = frame.layers[member.number]
      member.querySelector('.share').textContent = data.layers[member.number].chosen ? share : ''
      member.style.setProperty('--lost', `${100 * part}%`)
    }
    if (data.review) {
      this.find('.review .after').textContent = frame.prediction
      this.find('.review .after').classList.toggle('wrong', frame.prediction !== data.review.label)
    }
    slider.value = percent
    slider.style.setProperty('--filled', `${percent}%`)
    slider.setAttribute('aria-valuetext', isShown ? frame.spoken : data.fractions[percent])
    this.find('.value').textContent = isShown ? frame.fraction : data.fractions[percent]
    this.follow()
    if (window.liveFraction !== percent) {
      window.liveFraction = percent // for whoever comes later
      document.dispatchEvent(new CustomEvent('fraction', { detail: percent }))
    }
    if (this.held()) return
    // The sentence is read out once it is at rest and another one; never the first, which the page is read with.
    if (this.said && this.said !== frame.sentence) this.find('.spoken').textContent = frame.sentence
    this.said = frame.sentence
  }

  // Brings the page's charts to the frame that is shown. Python draws them for one fraction and leaves the others to
  // this, as Streamlit takes a chart away before it draws a changed one. Where this page has no Plotly that can be
  // reached, Python is told to draw each fraction itself.
  follow() {
    const { data } = this
    if (!data || this.closed) return
    for (const [name, traces] of Object.entries(this.frame().charts)) {
      const chart = document.querySelector(`.st-key-${name} .js-plotly-plot`)
      if (chart?.layout?.meta !== data.key || !chart.on) continue
      if (!window.Plotly) {
        if (data.moving) this.send('moving', false)
        return
      }
      if (!this.followed.has(chart)) {
        this.followed.add(chart)
        chart.on('plotly_afterplot', () => this.follow())
      }
      // What a bar says when it is pointed at waits for the slider to rest, as it costs one frame in ten.
      const [{ text, ...bars }, labels] = traces
      const wanted = this.held() ? [bars, labels] : traces
      const isThere = wanted.every((trace, place) =>
        ['y', 'text'].every(name => !(name in trace) || String(chart.data[place][name]) === String(trace[name])))
      if (isThere) continue
      endLoop(chart)
      window.Plotly.animate(chart, { data: wanted, traces: [0, 1] }, AT_ONCE).catch(() => {})
    }
  }
}

// Plotly looks for frames to draw until a look finds none, and draws at once only what starts such a loop. What it is
// told in between waits for the next look, which may be a frame late, and with a slider that moves always is.
function endLoop(chart) {
  const looks = chart._transitionData // not of Plotly's documented face; without it a chart is late at worst
  if (!looks?._animationRaf) return
  cancelAnimationFrame(looks._animationRaf)
  looks._animationRaf = null
}

// Heights of the neurons that are drawn in each column, and of the three dots that stand for all others. A wider column
// has more of them; its true width stands above it.
function placeNeurons(widths) {
  const counts = widths.map(width => Math.min(width, Math.round(4 + 0.75 * Math.log2(width))))
  const slots = counts.map((count, index) => count + (count < widths[index]))
  const pitch = Math.min(PITCH, 100 / Math.max(...slots))
  return counts.map((count, index) => {
    const at = slot => Number((50 + pitch * (slot - (slots[index] - 1) / 2)).toFixed(2))
    const middle = count < widths[index] ? Math.floor(count / 2) : count
    const neurons = Array.from({ length: count }, (_, number) => at(number < middle ? number : number + 1))
    return { neurons, more: middle < count ? [-0.3, 0, 0.3].map(step => at(middle + step)) : [] }
  })
}

// The connections between two columns as parts of a path, each of what is randomized as a whole: a connection, all of a
// word's, or all that lead to a neuron.
function connect(left, right, unit) {
  const line = (from, to) => `M0 ${from}L100 ${to}`
  if (unit === 'word') return spread(left.map(from => right.map(to => line(from, to)).join('')))
  if (unit === 'neuron') return spread(right.map(to => left.map(from => line(from, to)).join('')))
  return spread(left.flatMap(from => right.map(to => line(from, to))))
}

// In the order in which they are drawn as randomized: always the same, and by steps of about the golden section.
function spread(lines) {
  let step = Math.max(1, Math.round(0.618 * lines.length))
  while (divisor(step, lines.length) > 1) step += 1
  return lines.map((_, index) => lines[(index * step) % lines.length])
}

function divisor(first, second) {
  return second ? divisor(second, first % second) : first
}

// Gives a place as many copies of a template as there are items, each drawn by its item.
function fill(place, template, items, draw) {
  while (place.children.length > items.length) place.lastElementChild.remove()
  while (place.children.length < items.length) place.append(template.content.cloneNode(true))
  items.forEach((item, index) => draw(place.children[index], item, index))
}
