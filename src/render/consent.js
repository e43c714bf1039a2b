// Clicks the button that agrees, if a consent covers the page. Only buttons: a link could lead away.
(() => {
  const agree = /^(同意|同意并继续|我同意|全部接受|接受全部|接受所有|全部同意|接受|同意全部|我知道了|知道了|accept all|accept|allow all|i agree|agree|got it)$/i;
  const about = /cookie|隐私|个人信息|用户协议|privacy|consent/i;
  const covers = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const position = getComputedStyle(at).position;
      if ((position === 'fixed' || position === 'absolute' || position === 'sticky') && about.test(at.innerText || '')) return at;
    }
    return null;
  };
  const buttons = document.querySelectorAll('button, [role=button], input[type=button], input[type=submit], a:not([href]), a[href="#"], a[href^="javascript:"], div[onclick], span[onclick]');
  for (const button of Array.from(buttons).slice(0, 2000)) {
    const words = (button.innerText || button.value || '').trim();
    if (!agree.test(words)) continue;
    const box = button.getBoundingClientRect();
    if (box.width < 10 || box.height < 10) continue;
    if (!covers(button)) continue;
    button.click();
    return words.slice(0, 40);
  }
  return '';
})()
