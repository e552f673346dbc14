import './no-eval.ts'
import '@jidoka/ui/styles.css'
import './edge.css'
import { createTicker, ToastProvider, UiProvider } from '@jidoka/ui'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element "root"')

createRoot(root).render(
  <StrictMode>
    <UiProvider ticker={createTicker()}>
      <ToastProvider>
        <App />
      </ToastProvider>
    </UiProvider>
  </StrictMode>,
)
