declare module '@jidoka/ui/styles.css'
declare module '*.css'
