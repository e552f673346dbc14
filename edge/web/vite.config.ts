import { gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** 200 kB: what a panel loads over a plant's slow Wi-Fi in about a second. */
const gzipBytesMax = 200_000

/** Prints what a browser loads, compressed, and refuses a build that outgrows it. */
function sizeBudget(): Plugin {
  return {
    name: 'size-budget',
    writeBundle(_options, bundle) {
      let total = 0
      for (const file of Object.values(bundle)) {
        if (!/\.(js|css)$/.test(file.fileName)) continue
        total += gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).length
      }
      const said = `JavaScript and CSS: ${(total / 1_000).toFixed(1)} kB gzip of ${gzipBytesMax / 1_000} kB`
      if (total > gzipBytesMax) this.error(`${said}: look in the source map for what grew, or split a page off`)
      this.info(said)
    },
  }
}

export default defineConfig({
  plugins: [react(), sizeBudget()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The panel's browser reads it back in English from a stack trace; operators never see it.
    sourcemap: 'hidden',
    rolldownOptions: {
      treeshake: {
        // The pages take types, paths and tables from domain and contract; schemas that nothing uses need not be loaded by a panel.
        moduleSideEffects: (id) => !/shared\/(domain|contract)\//.test(id),
      },
    },
  },
  server: {
    host: '127.0.0.1',
    // `vite` beside a running appliance: pages from here, data from there.
    proxy: { '/api': 'http://127.0.0.1:8080' },
  },
})
