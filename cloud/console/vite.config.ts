import { gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** 200 KB: what a plant's office line of 2 Mbit/s brings in a second. The worker, the rules' module and pages that load later are not in it. */
const firstLoadBytesMax = 200_000

/** Prints what the first load of the console weighs, and fails the build when it weighs too much. */
function weighFirstLoad(): Plugin {
  return {
    name: 'weigh-first-load',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle)
      const entry = files.find((file) => file.type === 'chunk' && file.isEntry)
      const wanted = new Set<string>()
      const take = (name: string) => {
        const file = bundle[name]
        if (file === undefined || wanted.has(name)) return
        wanted.add(name)
        if (file.type !== 'chunk') return
        for (const imported of file.imports) take(imported)
        for (const sheet of file.viteMetadata?.importedCss ?? []) take(sheet)
      }
      if (entry !== undefined) take(entry.fileName)
      let bytes = 0
      for (const name of wanted) {
        const file = bundle[name]
        if (file !== undefined) bytes += gzipSync(file.type === 'chunk' ? file.code : file.source).length
      }
      this.info(
        `first load: ${(bytes / 1_000).toFixed(1)} kB gzip of JavaScript and CSS (at most ${firstLoadBytesMax / 1_000} kB)`,
      )
      if (bytes > firstLoadBytesMax)
        this.error('the first load of the console is too heavy: load what it does not need at once later')
    },
  }
}

export default defineConfig({
  plugins: [react(), weighFirstLoad()],
  build: { target: 'es2022', sourcemap: true, assetsInlineLimit: 0 },
  worker: { format: 'es' },
  server: { proxy: { '/api': process.env['JIDOKA_CLOUD_URL'] ?? 'http://127.0.0.1:3000' } },
})
