// Sets the theme before the first paint. A classic script, because modules run later.
{
  const chosen = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem('theme');
  const isDark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}
